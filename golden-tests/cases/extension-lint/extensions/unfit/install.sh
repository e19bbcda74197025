apt-get install gcc
curl https://get.example.com/tool
