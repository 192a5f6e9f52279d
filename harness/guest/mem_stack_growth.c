#include "contract.h"

static int grow(int depth)
{
	volatile char frame[3000];

	frame[0] = frame[2999] = (char)depth;
	if (depth == 0)
		return frame[0];
	return grow(depth - 1) + frame[2999] - (char)depth + 1;
}

CONTRACT(mem_stack_growth, "the stack grows on demand by megabytes")
{
	say("%d frames", grow(1500));
}
