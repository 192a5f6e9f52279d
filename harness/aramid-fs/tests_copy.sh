# Copies in and out: whatever goes in comes out as it was.

# round_trip SIZE MKE2FS-OPTIONS…
round_trip() {
	mk img "$@"
	nasty tree
	touch -d '1960-02-03 04:05:06.789' tree/random
	touch -d '2003-03-03 03:03:03.333333333' tree
	afs put -r --owner keep img tree /
	fsck img
	afs get -r img /tree back
	case $* in
	*'-I 128'*) same_tree tree back coarse ;;
	*) same_tree tree back ;;
	esac
	[ "$(du -k back/sparse | cut -f 1)" -lt 100 ]
	afs rm -r img /tree
	fsck img
}

test_put_get_ext2_1k() { round_trip 40M -t ext2 -b 1024; }
test_put_get_ext2_old_inodes() {
	need_root
	mk img 40M -t ext2 -b 1024 -I 128
	nasty tree
	rm tree/hole tree/random # times beyond 32 bits, before 1970 are fine
	touch -d 2003-03-03 tree
	afs put -r --owner keep img tree /
	fsck img
	afs get -r img /tree back
	find tree -name 'plain' -exec true {} +
	same_tree tree back coarse
}
test_put_get_ext3_4k() { round_trip 40M -t ext3 -b 4096; }
test_put_get_ext4_1k() { round_trip 40M -t ext4 -b 1024; }
test_put_get_ext4_2k() { round_trip 40M -t ext4 -b 2048; }
test_put_get_ext4_4k() { round_trip 40M -t ext4 -b 4096; }
test_put_get_no_journal() { round_trip 40M -t ext4 -O ^has_journal; }

test_tar_round_trip() {
	mk img 40M -t ext4
	nasty tree
	tar --format=pax --xattrs -S -cf in.tar -C tree .
	afs tar in -f in.tar img
	fsck img
	afs get -r img / back
	rmdir back/lost+found
	same_tree tree back
	afs tar out img >out.tar
	mkdir unpacked
	tar --xattrs --xattrs-include='*' -xpf out.tar -C unpacked 2>err || { cat err; false; }
	rmdir unpacked/lost+found
	same_tree tree unpacked
	[ "$(du -k unpacked/sparse | cut -f 1)" -lt 100 ]
}

test_tar_out_in_is_the_same() {
	mk a.img 40M -t ext4
	mk b.img 40M -t ext4 -b 4096
	nasty tree
	afs put -r --owner keep a.img tree/. /
	afs tar out a.img | afs tar in b.img
	fsck b.img
	afs get -r b.img / back
	rmdir back/lost+found
	same_tree tree back
}

test_tar_compressed_and_below_a_directory() {
	mk img 16M -t ext4
	mkdir -p src/a/b
	echo text >src/a/b/c
	tar -C src -czf in.tar.gz .
	afs mkdir img /opt
	afs tar in -C /opt img <in.tar.gz
	same text "$(afs cat img /opt/a/b/c)"
	afs tar out -C /opt/a img b | tar -t >list
	same "b/
b/c" "$(cat list)"
	fsck img
}

test_tar_of_others() {
	mk img 16M -t ext4
	mkdir src
	(cd src && echo a >a && ln a b && ln -s a c && mkdir d && echo e >d/e)
	for format in ustar gnu v7 oldgnu; do
		tar --format=$format -C src -cf in.tar .
		afs mkdir img /$format
		afs tar in -C /$format -f in.tar img
		same "$(cat src/d/e)" "$(afs cat img /$format/d/e)"
		afs stat img /$format/b | grep -q 'links: 2'
	done
	(cd src && find . | cpio -o -H newc --quiet) >in.cpio
	afs mkdir img /cpio
	afs tar in -C /cpio -f in.cpio img
	same a "$(afs cat img /cpio/c)"
	fsck img
}

test_tar_damaged() {
	mk img 16M -t ext4
	head -c 5000 /dev/urandom >junk
	fails 1 archive afs tar in -f junk img
	mkdir src && head -c 100000 /dev/zero >src/f
	tar -cf whole.tar src
	head -c 50000 whole.tar >cut.tar
	fails 1 archive afs tar in -f cut.tar img
	tar -P -cf up.tar --transform 's,^,../../,' src/f
	fails 1 'a name with ..' afs tar in -f up.tar img
	fails 1 'No such file' afs tar in -f missing.tar img
	fsck img
}

test_reads_what_mke2fs_made() {
	nasty tree
	touch -d 2020-01-01 tree/hole # mke2fs can't do times after 2038
	mk img 40M -t ext4 -d tree
	cp img before
	afs get -r img / back
	rmdir back/lost+found
	same_tree tree back coarse
	cmp img before
}

test_reads_what_debugfs_made() {
	mk img 16M -t ext4 -O ^metadata_csum
	echo hello >hello
	debugfs -w -f - img <<-'END'
		mkdir dir
		write hello dir/file
		cd dir
		mknod pipe p
		mknod console c 5 1
		cd /
		symlink dir/link file
		ea_set dir/file user.attr value
		set_inode_field dir/file mode 0104711
		set_inode_field dir/file uid 70000
	END
	same hello "$(afs cat img dir/file)"
	same file "$(afs stat img /dir/link | sed -n 's/.*-> //p')"
	afs stat img /dir/file >st
	grep -q 'mode: 4711 -rws--x--x' st
	grep -q 'owner: 70000:0' st
	grep -q 'xattr: user.attr=value' st
	afs ls -l img dir | grep -q '^c.* 5,    1 .*console$'
	afs ls -l img dir | grep -q '^p.*pipe$'
}

test_debugfs_reads_what_put_wrote() {
	mk img 16M -t ext4
	head -c 500000 /dev/urandom >data
	afs put --owner 7:8 --mode 640 img data /
	debugfs -R 'dump /data out' img
	cmp data out
	debugfs -R 'stat /data' img | grep -q 'User: *7 *Group: *8 '
	debugfs -R 'stat /data' img | grep -q 'Mode: *0640 '
}

test_put_replaces() {
	mk img 16M -t ext4
	echo old >file
	afs put img file /
	afs ln img /file /other
	echo new >file
	afs put img file /
	same new "$(afs cat img /file)"
	same old "$(afs cat img /other)"
	fsck img
}

test_put_from_stdin_and_cat() {
	mk img 32M -t ext4
	head -c 5000000 /dev/urandom >data
	afs put img - /piped <data
	cat data | afs put img - /piped2
	afs cat img /piped | cmp - data
	afs cat img /piped /piped2 | cmp - <(cat data data)
	fsck img
}

test_put_directory_needs_r() {
	mk img 16M -t ext4
	mkdir dir
	fails 1 'no -r' afs put img dir /
	fails 1 'no -r' afs get img /lost+found here
	fails 1 'no directory' afs put img dir dir /nowhere
	fsck img
}

test_get_many_into_directory() {
	mk img 16M -t ext4
	echo a >a
	echo b >b
	afs put img a b /
	mkdir into
	afs get img /a /b into
	same a "$(cat into/a)"
	same b "$(cat into/b)"
	fails 1 'No such file' afs get img /a /missing /b into
	afs get img /a name
	same a "$(cat name)"
}

test_names_that_lead_out_stay_in() {
	mk img 16M -t ext2
	echo evil >evil
	mkdir dir
	cp evil 'dir/..Xescape'
	afs put -r img dir /
	LC_ALL=C sed -i 's/\.\.Xescape/..\/escape/g' img
	mkdir -p sand/box
	fails 1 'no file can have\|damaged' afs get -r img /dir sand/box/out
	[ ! -e sand/box/escape ] && [ ! -e sand/escape ]
	fails 1 'no file can have\|damaged' afs ls img /dir
	ln -s "$PWD/sand" sand/box/out2
	mk img2 16M -t ext4
	afs ln -s img2 /etc /link
	same /etc "$(afs stat img2 /link | sed -n 's/.*-> //p')"
	fails 1 . afs ls img2 /link/passwd
}

test_mkrootfs() {
	need_root
	as_nobody test -x "$root/build/tool/aramid-fs" || skip "nobody may not run $root/build/tool/aramid-fs"
	chmod 755 .
	chmod o+x "$(dirname "$PWD")"
	nasty tree
	tar --format=pax --xattrs -S -cJf in.tar.xz -C tree .
	mkdir images
	chown 65534 images
	echo more >more
	as_nobody "$root/scripts/mkrootfs" --type ext3 --label l --add more:new/dir/more images/img in.tar.xz
	fsck images/img
	same more "$(afs cat images/img /new/dir/more)"
	afs rm -r images/img /new
	afs get -r images/img / back
	rmdir back/lost+found
	same_tree tree back
	as_nobody "$root/scripts/mkrootfs" --size 40M --block-size 1024 images/img2 "$root/docs"
	same 0:0 "$(afs stat images/img2 /abi.md | sed -n 's/.*owner: //p')"
	fails 1 'neither a directory nor' "$root/scripts/mkrootfs" images/img3 missing
}
