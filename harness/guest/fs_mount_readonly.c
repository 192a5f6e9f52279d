#include "contract.h"

CONTRACT(fs_mount_readonly, "a read-only mount refuses every change with EROFS")
{
	struct stat st;
	struct statvfs vfs;

	OK(mkdir("m", 0755));
	if (mount("none", "m", "tmpfs", 0, NULL) != 0 && errno == EPERM)
		skip("mount needs CAP_SYS_ADMIN");
	put("m/file", "content");
	OK(mount("none", "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	FAILS(open("m/file", O_WRONLY), EROFS);
	FAILS(open("m/new", O_CREAT | O_WRONLY, 0644), EROFS);
	FAILS(mkdir("m/d", 0755), EROFS);
	FAILS(unlink("m/file"), EROFS);
	FAILS(rename("m/file", "m/x"), EROFS);
	FAILS(link("m/file", "m/x"), EROFS);
	FAILS(symlink("x", "m/x"), EROFS);
	FAILS(chmod("m/file", 0600), EROFS);
	FAILS(truncate("m/file", 0), EROFS);
	FAILS(utimensat(AT_FDCWD, "m/file", NULL, 0), EROFS);
	FAILS(access("m/file", W_OK), EROFS);
	FAILS(mkdir("m/file", 0755), EEXIST);
	SAME(get("m/file"), "content");
	OK(stat("m/file", &st));
	OK(statvfs("m", &vfs));
	CHECK(vfs.f_flag & ST_RDONLY);
	OK(mount("none", "m", NULL, MS_REMOUNT, NULL));
	put("m/file", "changed");
	OK(umount("m"));
	say("refused");
}
