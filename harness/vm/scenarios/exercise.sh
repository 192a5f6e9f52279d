#: Seeded random operations on files and names agree with a model, before and after a reboot.
#: boots 2
#: cpus 2
if [ "$1" = 1 ]; then
	stress fsx --keep /root/fsx >/tmp/out 2>&1; echo "fsx $?"; tail -n 3 /tmp/out | grep -i fail
	stress fs --keep /root/fs >/tmp/out 2>&1; echo "fs $?"; tail -n 3 /tmp/out | grep -i fail
	sync
else
	stress fsx --check /root/fsx >/tmp/out 2>&1; echo "fsx $?"
	stress fs --check /root/fs >/tmp/out 2>&1; echo "fs $?"
fi
true
