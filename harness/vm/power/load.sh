# What goes on when the power fails, for ever or so many rounds. Says "saved N" once round N is safe.
mkdir -p /p/d && cd /p || exit 1
echo "config 0" >config
sync config
sync
i=0
while [ $i -lt "${1:-1000000}" ]; do
	i=$((i + 1))
	# an append with fsync, as a database does it
	echo "record $i" >>log
	sync log
	# a new version beside the old one, renamed over it
	echo "config $i" >config.new
	sync config.new
	mv config.new config
	# files that come and go without being synced
	dd if=/dev/urandom of=d/noise$((i % 7)) bs=1k count=$((i % 50 + 1)) 2>/dev/null
	mkdir d/dir$i
	rm -rf d/dir$((i - 5)) d/noise$(((i + 3) % 7))
	# and one that stays
	seq $i $((i + 200)) >keep$i
	sync keep$i
	echo "saved $i"
done
