#!/bin/sh
sleep 1
echo "it is broken" >&2
exit 3
