/* The hosted build switches no threads: pthreads do. */
#ifndef HOST_ARCH_THREAD_H
#define HOST_ARCH_THREAD_H

struct arch_thread {
	void *pthread;
};

#endif
