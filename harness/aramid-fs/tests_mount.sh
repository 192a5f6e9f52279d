# The volume through FUSE.

need_fuse() {
	[ -c /dev/fuse ] || skip "no /dev/fuse on this machine"
	command -v fusermount3 >/dev/null || skip "no fusermount3"
	mk probe 1M -t ext2
	mkdir mnt.probe
	"$tool" mount probe mnt.probe 2>probe.err || {
		grep -q 'fuse: \|fusermount' probe.err || { cat probe.err; exit 1; }
		skip "FUSE can't mount here: $(head -n 1 probe.err)"
	}
	fusermount3 -u mnt.probe
	lock_wait probe
}

unmount() {
	fusermount3 -u "$1"
	lock_wait "$2"
}

test_mount_copies() {
	need_root
	need_fuse
	for options in '-t ext4' '-t ext2 -b 1024' '-t ext4 -b 2048'; do
		# shellcheck disable=SC2086
		mk img 48M $options
		rm -rf tree mnt && mkdir mnt
		nasty tree
		afs mount img mnt
		cp -a tree mnt/
		same_tree tree mnt/tree
		unmount mnt img
		fsck img
		afs mount -r img mnt
		same_tree tree mnt/tree
		fails 1 'Read-only' touch mnt/x
		unmount mnt img
		afs get -r img /tree "back$(echo "$options" | tr -d ' -')"
		same_tree tree back*/
		rm -rf back*
	done
}

test_mount_names() {
	need_fuse
	mk img 32M -t ext4
	[ "$(id -u)" = 0 ] || afs mkdir -p -m 777 img /
	mkdir mnt
	afs mount -o fakeroot img mnt
	cd mnt
	mkdir a b
	echo 1 >a/f
	ln a/f b/g
	same 2 "$(stat -c %h a/f)"
	mv a/f b/f
	rm b/g
	same 1 "$(cat b/f)"
	mv b a/
	same 1 "$(cat a/b/f)"
	fails 1 'not empty' rmdir a
	exec 8<a/b/f
	rm -r a
	same 1 "$(cat <&8)"
	exec 8<&-
	seq 1 2000 | xargs touch
	same 2000 "$(find . -name '[0-9]*' | wc -l)"
	seq 1 2 2000 | xargs rm
	same 1000 "$(find . -name '[0-9]*' | wc -l)"
	truncate -s 5000 t
	printf x >>t
	same 5001 "$(stat -c %s t)"
	ln -s t l
	same t "$(readlink l)"
	touch -d '1999-12-31 23:59:59.123456789' t
	same 1999-12-31 "$(stat -c %y t | cut -d ' ' -f 1)"
	rm -f out err
	cd ..
	unmount mnt img
	fsck img
	same 1000 "$(afs ls img | grep -c '[0-9]')"
}

test_mount_attributes() {
	need_root
	need_fuse
	mk img 32M -t ext4
	mkdir mnt
	afs mount img mnt
	echo x >mnt/f
	chown 12:34 mnt/f
	chmod 640 mnt/f
	setfattr -n user.a -v b mnt/f
	setfattr -n trusted.c -v d mnt/f
	same 'b' "$(getfattr --only-values -n user.a mnt/f)"
	setfattr -x trusted.c mnt/f
	fails 1 'No such attribute' getfattr -n trusted.c mnt/f
	setfacl -m u:99:rw mnt/f
	getfacl -n mnt/f | grep -q 'user:99:rw-'
	mkdir mnt/d
	setfacl -d -m g:77:rwx mnt/d
	echo y >mnt/d/inherits
	getfacl -n mnt/d/inherits | grep -q 'group:77:rwx'
	same '12:34 660' "$(stat -c '%u:%g %a' mnt/f)" # the mask shows as the group's rights
	unmount mnt img
	fsck img
	afs stat img /f | grep -q 'user.a=b'
}

test_mount_by_anyone() {
	need_root
	need_fuse
	[ -e /etc/mtab ] || skip "fusermount3 unmounts for users only with an /etc/mtab"
	mk img 32M -t ext4
	chmod 755 .
	chmod o+x "$(dirname "$PWD")"
	cp "$tool" tool && chmod 755 tool
	mkdir mnt
	chown 65534:65534 img mnt
	as_nobody ./tool mount img mnt
	fails 1 'Permission denied' as_nobody touch mnt/f
	as_nobody fusermount3 -u mnt
	lock_wait img
	as_nobody ./tool mount -o fakeroot img mnt
	as_nobody touch mnt/f
	same 0:0 "$(as_nobody stat -c %u:%g mnt/f)"
	as_nobody fusermount3 -u mnt
	lock_wait img
	fsck img
}

test_mount_ends_by_signal() {
	need_fuse
	mk img 32M -t ext4
	mkdir mnt
	"$tool" mount -f -o fakeroot img mnt &
	pid=$!
	wait_for mountpoint -q mnt
	exec 8>mnt/open
	echo text >&8
	fails 4 'in use' afs mkdir img /x
	kill -TERM $pid
	wait $pid
	exec 8>&- || :
	fsck img
	afs ls img | grep -q open
}

test_mount_errors() {
	need_fuse
	mk img 16M -t ext4
	fails 1 'nowhere' afs mount img nowhere
	fails 3 'missing' afs mount missing .
	head -c 100000 /dev/urandom >random
	mkdir mnt
	fails 3 'no ext2' afs mount random mnt
	fails 3 . afs mount -o no_such_option img mnt
	afs mount img mnt
	fails 4 'in use' afs mount img mnt
	unmount mnt img
	fsck img
}

test_mount_many_at_once() {
	need_fuse
	mk img 64M -t ext4
	mkdir mnt
	afs mount -o fakeroot img mnt
	for i in 1 2 3 4 5 6; do
		(
			mkdir mnt/$i
			for j in $(seq 40); do
				head -c $((j * 1000)) /dev/zero | tr '\0' $i >mnt/$i/$j
				[ $((j % 3)) != 0 ] || rm -f mnt/$i/$((j - 1))
				[ $((j % 5)) != 0 ] || mv mnt/$i/$j mnt/$i/moved-$j
			done
		) &
	done
	for i in $(jobs -p); do wait "$i"; done
	for i in 1 2 3 4 5 6; do
		same 30 "$(find mnt/$i -type f | wc -l)"
		same 40000 "$(tr -dc "$i" <mnt/$i/moved-40 | wc -c)"
	done
	unmount mnt img
	fsck img
}

test_mount_random_operations() {
	need_fuse
	stress=$root/build/guest/stress
	[ -x "$stress" ] || skip "$stress is not built"
	mk img 64M -t ext4 -b 1024
	mkdir mnt
	"$tool" mount -f -o fakeroot img mnt &
	pid=$!
	wait_for mountpoint -q mnt
	"$stress" fsx --seed 1 --ops 500 --jobs 2 mnt/file
	"$stress" fs --seed 2 --ops 500 --jobs 3 mnt/dir
	fusermount3 -u mnt
	wait $pid # sanitizers speak by the status
	fsck img
}

# The process dies as in a power cut, except that what it wrote to the image is there.
test_mount_killed() {
	need_fuse
	mk img 64M -t ext4
	mkdir mnt
	"$tool" mount -f -o fakeroot img mnt &
	pid=$!
	wait_for mountpoint -q mnt
	head -c 300000 /dev/urandom >data
	mkdir mnt/dir
	dd if=data of=mnt/dir/synced bs=64k conv=fsync status=none
	sync -f mnt/dir/synced
	(
		cd mnt
		seq 500 | xargs touch
		mkdir more
		mv dir/synced dir/renamed
		seq 1 2 500 | xargs rm
		cp -r dir copy
	)
	kill -KILL $pid
	wait $pid || :
	fusermount3 -u mnt
	afs ls img >/dev/null
	afs cat img /dir/synced >got || afs cat img /dir/renamed >got
	cmp got data
	cp img copy
	status=0
	e2fsck -fy copy >fsck.out 2>&1 || status=$? # replays, and frees what was open
	[ $status -le 1 ]
	! grep -v 'recovering journal\|orphan' fsck.out | grep -i 'fix\|repair\|error' || {
		cat fsck.out
		return 1
	}
	afs verify img
	afs mkdir img /after
	fsck img
}
