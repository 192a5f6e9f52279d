# Commands that look at names and change them.

test_mkdir() {
	mk img 16M -t ext4
	afs mkdir img /a
	afs mkdir -p -m 700 --owner 3:4 img a/b/c //x/y/
	afs mkdir -p img /a/b/c
	fails 1 'File exists' afs mkdir img /a
	fails 1 'No such file' afs mkdir img /no/such
	afs ls -ld img /a/b/c | grep -q '^drwx------ .* 3 *4 .*/a/b/c$'
	afs ls -ld img /a/b | grep -q '^drwxr-xr-x '
	fsck img
}

test_rm() {
	mk img 16M -t ext4
	mkdir -p tree/x/y
	touch tree/f tree/x/g tree/x/y/h
	afs put -r img tree /
	fails 1 'Is a directory' afs rm img /tree
	fails 1 'No such file' afs rm img /missing
	afs rm -f img /missing
	afs rm img /tree/f
	fails 1 'No such file' afs ls img /tree/f
	fails 1 'stays' afs rm -r img /
	fails 1 'stays' afs rm -r img /tree/..
	afs ls img /tree/x/y/h
	afs rm -r img tree
	same lost+found "$(afs ls img)"
	fsck img
}

test_mv() {
	mk img 16M -t ext4
	echo a >a
	echo b >b
	afs put img a b /
	afs mkdir img /dir
	afs mv img /a /c
	same a "$(afs cat img /c)"
	afs mv img /b /c /dir
	same "b
c" "$(afs ls img /dir)"
	afs put img a /dir/d
	fails 1 'File exists' afs mv -n img /dir/d /dir/c
	afs mv img /dir/d /dir/b
	same a "$(afs cat img /dir/b)"
	fails 1 . afs mv img /dir /dir/inside
	fails 1 'no directory' afs mv img /dir/b /dir/c /dir/x
	fsck img
}

test_ln() {
	mk img 16M -t ext4
	echo a >a
	afs put img a /
	afs ln img /a /hard
	afs ln -s img a /soft
	afs ln -s img /nowhere /dangling
	afs stat img /hard | grep -q 'links: 2'
	same a "$(afs cat img /soft)"
	fails 1 'File exists' afs ln -s img b /soft
	afs ln -s -f img hard /soft
	same a "$(afs cat img /soft)"
	same '/dangling' "$(afs ls img /dangling)"
	fails 1 'No such file' afs cat img /dangling
	fails 1 . afs ln img /lost+found /directory
	fsck img
}

test_ls_and_tree() {
	mk img 16M -t ext4
	mkdir -p t/sub
	echo x >t/$'new\nline'
	echo y >t/sub/file
	afs put -r img t /
	same 'new\012line
sub' "$(afs ls img /t)"
	afs ls -0 img /t | tr '\0' '|' | grep -q '^new$'
	same '/t:
new\012line
sub

/t/sub:
file' "$(afs ls -R img /t)"
	same '/t
|-- new\012line
`-- sub
    `-- file

1 directories, 2 files' "$(afs tree img /t)"
	afs ls -a img /t | head -n 2 | tr '\n' ' ' | grep -q '^\. \.\. $'
	afs ls -li img / | grep -q '^ *11 drwx------ '
}

test_df_and_info() {
	mk img 64M -t ext4 -b 1024 -L some-label -U 01234567-89ab-cdef-0123-456789abcdef
	afs df img >df
	free=$(dumpe2fs -h img 2>/dev/null | sed -n 's/^Free blocks: *//p')
	afs df -b img | awk '$1 == "space" { print $2 - $3 }' | grep -qx "$((free * 1024))"
	afs info img >info
	grep -q '^label  *some-label$' info
	grep -q '^UUID  *01234567-89ab-cdef-0123-456789abcdef$' info
	grep -q "^free .* in $free blocks" info
	grep -q '^state  *clean$' info
	grep -q '^features .*has_journal' info
	for type in ext2 ext3 ext4; do
		mk other 16M -t $type
		afs info other | grep -q "^type  *$type$"
	done
}

test_directory_of_many() {
	mk img 64M -t ext4 -b 1024 -N 8000
	mkdir many
	(cd many && seq 5000 | xargs touch)
	afs put -r img many /
	fsck img
	same 5000 "$(afs ls img /many | wc -l)"
	afs rm -r img /many
	fsck img
}

test_partitions() {
	truncate -s 64M disk
	sfdisk -q disk <<-'END'
		label: gpt
		size=8M, name=first
		size=32M, name="second one"
	END
	mk fs 32M -t ext4 -b 4096
	echo in two >file
	afs put fs /dev/null /marker 2>/dev/null || afs put fs file /marker
	dd if=fs of=disk bs=1M seek=9 conv=notrunc status=none
	afs info disk >info
	grep -q '^ *2 .*second one$' info
	afs put disk@2 file /
	same 'in two' "$(afs cat disk@2 /file)"
	fails 3 'name one of its 2 partitions' afs ls disk
	fails 3 'no partition 5' afs ls disk@5
	fails 3 'no ext2, ext3 or ext4' afs ls disk@1
	fails 3 . afs ls disk@x
	dd if=disk of=fs bs=1M skip=9 count=32 status=none
	fsck fs
	truncate -s 64M mbr
	printf 'label: dos\n1: start=2048,size=16384\n2: start=20480,type=5\n5: size=81920\n' | sfdisk -q mbr
	start=$(sfdisk -d mbr | sed -n 's/^mbr5.*start= *\([0-9]*\).*/\1/p')
	dd if=fs of=mbr bs=512 seek="$start" conv=notrunc status=none
	same 'in two' "$(afs cat mbr@5 /file)"
	cp fs 'odd@1'
	same 'in two' "$(afs cat odd@1 /file)"
}
