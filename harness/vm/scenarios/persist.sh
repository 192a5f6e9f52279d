#: What is written before a reboot is there afterwards.
#: boots 3
case $1 in
1)
	mkdir -p /root/kept/deep/er
	echo first >/root/kept/file
	seq 1 20000 >/root/kept/numbers
	ln -s file /root/kept/link
	ln /root/kept/file /root/kept/hard
	touch -d '2020-02-03 04:05:06' /root/kept/dated
	chmod 4751 /root/kept/dated
	chown 12:34 /root/kept/dated
	mknod /root/kept/null c 1 3
	mkfifo /root/kept/fifo
	;;
2)
	echo second >>/root/kept/file
	mv /root/kept/numbers /root/kept/deep/numbers
	rm /root/kept/hard
	;;
esac
cd /root/kept || exit 1
cat file link
cksum numbers deep/numbers 2>/dev/null
ls -ln --full-time dated | awk '{ print $1, $2, $3, $4, $6, $7 }'
stat -c '%A %t %T %F %h' null fifo file link
find . | sort
