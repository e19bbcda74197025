set -e
echo installed
