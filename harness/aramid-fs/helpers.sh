# What the tests of aramid-fs share. Sourced by suite, in bash, for each test.

root=$(cd "$here/../.." && pwd)

afs() {
	"$tool" "$@"
}

skip() {
	echo "$*"
	exit 77
}

# mk IMAGE SIZE MKE2FS-OPTIONS…: an empty volume.
mk() {
	local image=$1 size=$2
	shift 2
	rm -f "$image"
	mke2fs -F -q "$@" "$image" "$size"
}

# fsck IMAGE…: e2fsck finds nothing, and nothing to replay.
fsck() {
	local image
	for image; do
		e2fsck -fn "$image" || {
			echo "e2fsck: $? for $image"
			return 1
		}
		! dumpe2fs -h "$image" 2>/dev/null | grep -q needs_recovery
	done
}

# fails STATUS PATTERN COMMAND…: it ends with the status and says something like that on stderr.
fails() {
	local status=$1 pattern=$2 got=0
	shift 2
	"$@" >out 2>err || got=$?
	if [ "$got" != "$status" ] || ! grep -q -e "$pattern" err; then
		echo "$*: status $got, not $status; or does not say \"$pattern\":"
		cat err
		return 1
	fi
	! grep -q 'internal error\|Sanitizer' err
}

# same A B: two files, or the outputs of two commands in variables.
same() {
	[ "$1" = "$2" ] || {
		printf 'expected: %s\ngot:      %s\n' "$1" "$2"
		return 1
	}
}

# lock_wait IMAGE: until whoever has it lets go of it.
lock_wait() {
	flock -x "$1" true
}

# wait_for COMMAND…: until it succeeds.
wait_for() {
	local i
	for i in $(seq 1200); do
		! "$@" || return 0
		sleep 0.05
	done
	echo "never: $*"
	return 1
}

need_root() {
	[ "$(id -u)" = 0 ] || skip "needs root on this machine"
}

# as_nobody COMMAND…
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

clean_up() {
	local dir
	for dir in mnt*/; do
		[ -d "$dir" ] && mountpoint -q "$dir" && fusermount3 -u -z "$dir"
	done
	return 0
}

# nasty DIR: a tree with everything that is hard to copy.
nasty() {
	local d=$1 long i
	long=$(printf 'n%.0s' $(seq 255))
	mkdir -p "$d/many" "$d/deep" "$d/-dash" "$d/empty dir"
	echo one >"$d/plain"
	: >"$d/empty"
	echo newline >"$d/"$'new\nline'
	echo bytes >"$d/"$'\xff\xfe\x80'
	echo utf >"$d/ünï…"
	echo back >"$d/back\\slash"
	echo quote >"$d/quote\"'\$*?"
	echo long >"$d/$long"
	echo tail >"$d/-dash/--help"
	head -c 3000000 /dev/urandom >"$d/random"
	truncate -s 12M "$d/sparse"
	printf middle | dd of="$d/sparse" bs=1 seek=5000000 conv=notrunc status=none
	truncate -s 100000 "$d/hole"
	for i in $(seq 300); do echo "$i" >"$d/many/file-$i"; done
	i=$d/deep
	while [ ${#i} -lt 700 ]; do i=$i/directory; done
	mkdir -p "$i"
	echo bottom >"$i/file"
	ln "$d/plain" "$d/hard link"
	ln "$d/plain" "$d/many/another"
	ln -s plain "$d/symlink"
	ln -s "$(printf 'x/%.0s' $(seq 200))" "$d/long symlink"
	ln -s "$(printf 'y%.0s' $(seq 59))" "$d/symlink 59"
	ln -s "$(printf 'y%.0s' $(seq 60))" "$d/symlink 60"
	ln -s /nowhere/at/all "$d/dangling"
	mkfifo "$d/fifo"
	echo suid >"$d/suid"
	if [ "$(id -u)" = 0 ]; then # in a container, root may not do all of this
		mknod "$d/null" c 1 3 || :
		mknod "$d/disk" b 259 70000 || :
		chown 1000:2000 "$d/suid" "$d/many" || :
		chown 70000:4000000000 "$d/random" || :
		chown -h 5:6 "$d/symlink" || :
	fi
	chmod 6755 "$d/suid"
	chmod 1777 "$d/empty dir"
	chmod 000 "$d/empty"
	touch -d '1999-12-31 23:59:59.123456789' "$d/plain"
	touch -d '1960-02-03 04:05:06' "$d/random"
	touch -d '2100-01-01 00:00:00.000000001' "$d/hole"
	touch -h -d '2001-02-03 04:05:06.7' "$d/symlink"
	setfattr -n user.short -v value "$d/plain" 2>/dev/null || :
	setfattr -n user.long -v "$(head -c 700 /dev/zero | tr '\0' v)" "$d/suid" 2>/dev/null || :
	touch -d '2002-02-02 02:02:02.222222222' "$d/many" "$d/deep"
	touch -d '2003-03-03 03:03:03.333333333' "$d"
}

# manifest DIR [coarse]: everything about a tree, comparable. coarse: times in whole seconds.
manifest() {
	local time='%T@'
	[ "${2-}" != coarse ] || time='%Ts'
	(
		cd "$1"
		find . -name lost+found -prune -o -path . -o -printf "%P\t%y %m %U:%G %n $time %l\n" -type b -o \
			-type c | LC_ALL=C sort
		find . -name lost+found -prune -o \( -type b -o -type c \) -exec stat -c '%n %t %T' {} + |
			LC_ALL=C sort
		find . -name lost+found -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
		find . -name lost+found -prune -o -type f -print0 | LC_ALL=C sort -z |
			xargs -0 getfattr -d -m '^user\.' -- 2>/dev/null
	) | sed '/^[^\t]*\t.*lost+found/d'
}

# same_tree A B [coarse]
same_tree() {
	manifest "$1" "${3-}" >expected.manifest
	manifest "$2" "${3-}" >got.manifest
	diff -a expected.manifest got.manifest
}
