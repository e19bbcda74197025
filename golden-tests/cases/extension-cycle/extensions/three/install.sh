echo installed
