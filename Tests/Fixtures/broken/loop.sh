#!/bin/sh
# Dies at start for as long as the file named in CAUSE exists.
if [ -e "$CAUSE" ]; then
    echo "cannot start while $CAUSE exists" >&2
    exit 1
fi
exec sleep 1000
