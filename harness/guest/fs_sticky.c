#include "contract.h"

CONTRACT(fs_sticky, "in a sticky directory only owners remove and rename")
{
	pid_t pid;

	OK(mkdir("d", 0777));
	OK(chmod("d", 01777));
	put("d/roots", "");
	put("d/mine", "");
	OK(chown("d/mine", 1000, 1000));
	OK(mkdir("mydir", 0777));
	OK(chmod("mydir", 01777));
	OK(chown("mydir", 1000, 1000));
	put("mydir/roots", "");
	pid = OK(fork());
	if (pid == 0) {
		become(1000, 1000);
		FAILS(unlink("d/roots"), EPERM);
		FAILS(rename("d/roots", "d/x"), EPERM);
		FAILS(rename("d/mine", "d/roots"), EPERM);
		OK(rename("d/mine", "d/renamed"));
		OK(unlink("d/renamed"));
		OK(unlink("mydir/roots"));
		_exit(0);
	}
	reap_exit(pid, 0);
	CHECK(exists("d/roots"));
	OK(unlink("d/roots"));
	say("kept");
}
