#!/bin/sh
echo "no such package"
exit 1
