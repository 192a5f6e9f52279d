#: Programs of every kind start: scripts, interpreters with arguments, nothing executable.
cd /tmp
printf '#!/bin/sh\necho "script $0 $1"\n' >s1; chmod +x s1; ./s1 x
printf '#! /bin/sh -e\nfalse\necho never\n' >s2; chmod +x s2; ./s2; echo "status $?"
printf 'echo no interpreter line\n' >s3; chmod +x s3; ./s3
printf '#!/nonexistent\n' >s4; chmod +x s4; ./s4 2>/dev/null; echo "status $?"
printf 'x' >s5; ./s5 2>/dev/null; echo "status $?"
./missing 2>/dev/null; echo "status $?"
/tmp 2>/dev/null; echo "status $?"
printf '#!/tmp/s1\n' >s6; chmod +x s6; ./s6 y
cp /bin/busybox echo; ./echo copied
ln -s /bin/busybox cat; ./cat /etc/hostname
env -i /bin/sh -c 'env | sort'
sh -c 'ulimit -s' | grep -c .
sh -c 'exit 300'; echo "status $?"
