#: kill -9 ends what nothing else ends, in the middle of anything.
mkfifo /tmp/ready
sh -c 'trap "" INT TERM HUP; echo >/tmp/ready; while :; do :; done' & p=$!
read x </tmp/ready
kill -INT $p; kill -TERM $p; kill -0 $p && echo alive
kill -9 $p; wait $p; echo "status $?"
sleep 1000 & p=$!; kill -9 $p; wait $p; echo "status $?"
sh -c 'kill -STOP $$; echo never' & p=$!
while ! grep -q '^State:.T' /proc/$p/status; do :; done
kill -9 $p; wait $p; echo "status $?"
i=0
while [ $i -lt 20 ]; do
	dd if=/dev/zero of=/root/victim bs=4k count=100000 conv=fsync 2>/dev/null & p=$!
	usleep 20000; kill -9 $p; wait $p
	i=$((i + 1))
done
echo "status $?"
rm -f /root/victim
cat /dev/zero | gzip >/dev/null & p=$!; kill -9 $p; wait $p; echo "status $?"
kill -9 1; echo "init $?"; kill -0 1 && echo "init lives"
