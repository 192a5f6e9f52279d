#include "contract.h"

CONTRACT(proc_waitid, "waitid reports like SIGCHLD, and WNOWAIT leaves the child for later")
{
	siginfo_t info;
	pid_t pid = OK(fork());

	if (pid == 0)
		_exit(21);
	memset(&info, 0, sizeof(info));
	OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	EQ(info.si_pid, pid);
	say("signal %d code %d status %d uid %u", info.si_signo, info.si_code, info.si_status,
	    info.si_uid);
	OK(waitid(P_ALL, 0, &info, WEXITED));
	EQ(info.si_pid, pid);
	FAILS(waitid(P_PID, (id_t)pid, &info, WEXITED), ECHILD);
	pid = OK(fork());
	if (pid == 0)
		for (;;)
			pause();
	OK(setpgid(pid, pid));
	info.si_pid = 99;
	OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG));
	EQ(info.si_pid, 0);
	OK(kill(pid, SIGSTOP));
	OK(waitid(P_PGID, (id_t)pid, &info, WSTOPPED));
	say("code %d status %d", info.si_code, info.si_status);
	OK(kill(pid, SIGCONT));
	OK(waitid(P_PID, (id_t)pid, &info, WCONTINUED));
	say("code %d status %d", info.si_code, info.si_status);
	OK(kill(pid, SIGKILL));
	OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED));
	say("code %d status %d", info.si_code, info.si_status);
	FAILS(waitid(P_ALL, 0, &info, 0), EINVAL);
	FAILS(waitid(77, 0, &info, WEXITED), EINVAL);
}
