# What must be refused, and what must not be harmed.

test_usage() {
	fails 2 'usage: aramid-fs COMMAND' afs
	fails 2 'no command "nonsense"' afs nonsense
	fails 2 'without in or out' afs tar
	for c in cat df get info ln ls mkdir mount mv put rm stat 'tar in' 'tar out' tree verify; do
		afs $c --help >help
		grep -q "^usage: aramid-fs $c " help
		grep -q 'IMAGE@N' help
		fails 2 "^usage: aramid-fs $c " afs $c
		fails 2 "^usage: aramid-fs $c " afs $c --no-such-option
	done
	afs --help | grep -q '^  verify '
	fails 2 'octal' afs mkdir -m 9 img /x
	fails 2 'UID:GID' afs mkdir --owner root img /x
}

# Every command and every long option that --help tells of is in the manual, which has no mistakes.
test_man_page() {
	man=$root/tools/aramid-fs/aramid-fs.1
	groff -ww -man -Tutf8 "$man" >text 2>warnings
	[ ! -s warnings ] || { cat warnings; false; }
	MANWIDTH=80 man -l "$man" >rendered 2>warnings
	[ ! -s warnings ] || { cat warnings; false; }
	for c in cat df get info ln ls mkdir mount mv put rm stat 'tar in' 'tar out' tree verify; do
		grep -q "^\.B.* $c" "$man" || { echo "not in the manual: $c"; false; }
		for o in $(afs $c --help | grep -o -e '--[a-z-]*' | sort -u); do
			grep -q -e "$(printf %s "$o" | sed 's/-/\\\\-/g')" "$man" ||
				{ echo "not in the manual: $o of $c"; false; }
		done
	done
}

test_no_such_things() {
	mk img 16M -t ext4
	fails 3 'missing.img: can.t be opened' afs ls missing.img
	fails 1 '/missing: No such file' afs cat img /missing
	fails 1 '/lost+found: Is a directory' afs cat img /lost+found
	fails 1 '/missing: No such file' afs stat img /missing
	fails 1 'missing: No such file' afs put img missing /
	mkdir dir
	fails 3 'neither a file nor' afs ls dir
	: >zero
	fails 3 . afs ls zero
	head -c 1000000 /dev/urandom >random
	fails 3 'no ext2, ext3 or ext4' afs ls random
	fails 3 'no ext2, ext3 or ext4' afs info random
	fails 1 . sh -c '"$tool" ls img / /missing >/dev/full'
}

test_full_disk() {
	mk img 4M -t ext4 -b 1024
	echo precious >old
	afs put img old /
	head -c 8000000 /dev/urandom >big
	fails 1 'no space left' afs put img big /
	fsck img
	same precious "$(afs cat img /old)"
	afs rm img /big
	mk img2 4M -t ext4 -b 1024 -N 16
	mkdir many
	(cd many && seq 50 | xargs touch)
	fails 1 'no space left' afs put -r img2 many /
	fsck img img2
}

test_locked_by_another() {
	mk img 16M -t ext4
	export -f afs fails
	flock -x img bash -c 'fails 4 "in use" afs ls img && fails 4 "in use" afs mkdir img /x'
	flock -s img bash -c 'afs ls img && fails 4 "in use" afs mkdir img /x'
}

test_locked_by_qemu() {
	mk img 16M -t ext4
	mkfifo commands
	qemu-io -f raw img <commands >qemu.out 2>&1 &
	exec 9>commands
	echo 'read 0 512' >&9
	wait_for grep -q 'read 512' qemu.out
	fails 4 'in use' afs mkdir img /x
	fails 4 'in use' afs ls img
	exec 9>&-
	wait
	afs mkdir img /x
	mkfifo data
	"$tool" put img - /y <data &
	exec 8>data
	# Not by trying to lock it: then it would be us who are in the way. Byte 203 comes last.
	wait_for grep -q "OFDLCK .*:$(stat -c %i img) 203 203" /proc/locks
	fails 1 'lock' qemu-io -f raw -c 'write 0 512' img
	exec 8>&-
	wait
	fsck img
}

test_read_only_file() {
	need_root
	mk img 16M -t ext4
	chmod 755 .
	chmod 444 img
	chmod o+x "$(dirname "$PWD")"
	cp "$tool" tool && chmod 755 tool
	tool=$PWD/tool
	as_nobody "$tool" ls img
	fails 3 'for writing' as_nobody "$tool" mkdir img /x
}

test_unknown_features() {
	mk img 16M -t ext2
	cp img incompat
	printf '\200' | dd of=incompat bs=1 seek=$((1024 + 99)) conv=notrunc status=none
	cp incompat before
	fails 3 'feature' afs ls incompat
	fails 3 'feature' afs mkdir incompat /x
	afs info incompat | grep -q '0x80000000'
	cmp incompat before
	cp img compat
	printf '\200' | dd of=compat bs=1 seek=$((1024 + 103)) conv=notrunc status=none
	cp compat before
	afs ls compat
	fails 3 'feature' afs mkdir compat /x
	cmp compat before
}

# dirty IMAGE: its journal holds a transaction that overwrites a block of /file.
dirty() {
	mk "$1" 16M -t ext4 -b 1024 -O ^metadata_csum
	head -c 1024 /dev/zero | tr '\0' o >old
	head -c 1024 /dev/zero | tr '\0' n >new
	afs put "$1" old /file
	block=$(debugfs -R 'blocks /file' "$1" 2>/dev/null | tr -d ' ')
	debugfs -w -f - "$1" <<-END
		journal_open
		journal_write -b $block new
		journal_close
	END
	dumpe2fs -h "$1" 2>/dev/null | grep -q needs_recovery
}

test_dirty_journal_is_replayed() {
	dirty img
	cp img before
	same "$(cat new)" "$(afs cat img /file)"
	afs ls img
	afs df img
	afs tar out img >/dev/null
	afs info img | grep -q 'must be replayed'
	cmp img before
	afs mkdir img /x
	fsck img
	same "$(cat new)" "$(afs cat img /file)"
}

test_reading_changes_nothing() {
	mk img 16M -t ext4
	afs mkdir img /a
	cp img before
	for c in 'ls -lR' tree df 'stat /' info verify 'tar out'; do
		case $c in
		'stat /') afs stat img / ;;
		*) afs $c img ;;
		esac >out
	done
	afs get -r img / out.dir
	cmp img before
}

# damaged IMAGE PATTERN: verify finds damage, and says something like that.
damaged() {
	status=0
	afs verify "$1" >out 2>&1 || status=$?
	[ $status = 5 ] && grep -q "$2" out || {
		cat out
		return 1
	}
	status=0
	afs verify -q "$1" >out2 2>&1 || status=$?
	[ $status = 5 ] && [ ! -s out2 ]
}

test_damaged_files_are_told() {
	mk img 16M -t ext4 -b 1024
	mkdir t
	(cd t && seq 100 | xargs touch && head -c 100000 /dev/urandom >data)
	afs put -r img t /
	block=$(debugfs -R 'blocks /t' img 2>/dev/null | cut -d ' ' -f 1)
	dd if=/dev/urandom of=img bs=1024 seek="$block" count=1 conv=notrunc status=none
	cp img before
	fails 1 'damaged' afs ls img /t
	fails 1 'damaged' afs get -r img /t out.dir
	fails 1 'damaged' afs tree img
	damaged img damaged
	cmp img before
	dd if=/dev/urandom of=img bs=1024 seek=1 count=1 conv=notrunc status=none
	fails 3 . afs ls img
}

# What Linux left when its machine died is no damage, and looking at it changes nothing.
test_verify_after_crash() {
	for volume in "$root"/fixtures/journals/*.img.xz; do
		xz -dc "$volume" >img
		cp img as_found
		afs verify img >out || { echo "$volume"; cat out; false; }
		cmp img as_found
	done
}

test_verify() {
	for options in '-t ext2 -b 1024' '-t ext3 -b 1024' '-t ext4' '-t ext4 -b 4096 -O ^metadata_csum'; do
		# shellcheck disable=SC2086
		mk img 40M $options
		[ -d tree ] || nasty tree
		afs put -r --owner keep img tree /
		afs verify img >out || { cat out; false; }
	done
	cp img good
	debugfs -w -R 'set_inode_field /tree/plain links_count 9' img
	damaged img 'has 3 links, and says 9'
	cp good img
	debugfs -w -R 'clri /tree/random' img
	damaged img 'nobody has them'
	cp good img
	block=$(debugfs -R 'blocks /tree/random' img 2>/dev/null | cut -d ' ' -f 1)
	debugfs -w -R "freeb $block" img
	damaged img "blocks $block to $block are in use, and marked free"
	cp good img
	debugfs -w -R 'unlink /tree/empty' img
	damaged img 'has no name'
	cp good img
	one=$(debugfs -R 'stat /tree/many/file-1' img 2>/dev/null | sed -n 's/^Inode: \([0-9]*\) .*/\1/p')
	two=$(debugfs -R 'blocks /tree/many/file-2' img 2>/dev/null | tr -d ' ')
	debugfs -w -R "set_inode_field <$one> block[0] $two" img
	damaged img . # that was an extent's header
}

test_stopped_by_a_signal() {
	mk img 16M -t ext4
	mkfifo data
	"$tool" put img - /x <data &
	pid=$!
	exec 9>data
	head -c 100000 /dev/zero >&9
	kill -TERM $pid
	exec 9>&-
	status=0
	wait $pid || status=$?
	[ $status = 143 ] || [ $status = 0 ] # or the whole file was there before it heard of it
	fsck img
}

# A journal in an image of its own, as mke2fs -J device= makes it, which wants a device.
test_journal_apart() {
	mk img 16M -t ext4 -O ^has_journal -b 1024 -U 11111111-1111-1111-1111-111111111111
	mk journal 4M -O journal_dev -b 1024 -U 22222222-2222-2222-2222-222222222222
	mk other 4M -O journal_dev -b 1024 -U 33333333-3333-3333-3333-333333333333
	debugfs -w img 2>/dev/null <<-END
		feature has_journal
		ssv journal_inum 0
		ssv journal_dev 0x4321
		ssv journal_uuid 22222222-2222-2222-2222-222222222222
	END
	printf '\0\0\0\1' | dd of=journal bs=1 seek=$((2048 + 0x40)) conv=notrunc status=none
	printf '\021\021\021\021\021\021\021\021\021\021\021\021\021\021\021\021' |
		dd of=journal bs=1 seek=$((2048 + 0x100)) conv=notrunc status=none
	echo hello >file
	fails 3 'name that with --journal' afs put img file /
	fails 3 'name that with --journal' afs ls img
	fails 3 . afs put --journal other img file /
	fails 3 'missing: can.t be opened' afs ls --journal missing img
	fails 2 'usage' afs ls img --journal
	afs put --journal journal img file /
	same hello "$(afs cat --journal=journal img /file)"
	e2fsck -fn -j journal img
	afs rm img --journal journal /file
	! afs cat --journal=journal img /file
	e2fsck -fn -j journal img
}
