#include "command.h"
int run_verify(int argc, char **argv)
{
	return usage_error();
}
