#!/bin/sh
# Everybody may do everything without a password; whoever logs in is root already.
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
