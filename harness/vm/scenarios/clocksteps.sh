#: Timers at moments of the wall clock follow it when it is set; others do not.
contracts --helper=clock_steps
