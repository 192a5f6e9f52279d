#include "contract.h"

#include <elf.h>

static char image[1 << 20];
static size_t size;

/* Says what execve says; where Linux gives up after the point of no return, only that it fails. */
static void attempt(const char *what, bool late)
{
	int fd = OK(open("damaged", O_WRONLY | O_CREAT | O_TRUNC, 0755)), status;
	pid_t pid;

	write_all(fd, image, size);
	OK(close(fd));
	pid = OK(fork());
	if (pid == 0) {
		execl("damaged", "contracts", "--helper=exit", "0", NULL);
		if (!late)
			say("%s: %s", what, error_name(errno));
		_exit(77);
	}
	status = reap(pid);
	if (late || WIFSIGNALED(status) || WEXITSTATUS(status) != 77)
		say("%s: %s", what, status == 0 ? "runs" : "does not run");
}

CONTRACT(proc_exec_damaged, "damaged ELF files are refused or die, and nothing else happens")
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)image, good;
	Elf64_Phdr *program, good_program;
	int fd = OK(open("/proc/self/exe", O_RDONLY));
	ssize_t got;

	while ((got = OK(read(fd, image + size, sizeof(image) - size))) > 0)
		size += (size_t)got;
	CHECK(size < sizeof(image));
	good = *header;
	program = (Elf64_Phdr *)(image + header->e_phoff);
	good_program = *program;
	attempt("whole", false);
	header->e_ident[0] = 'x';
	attempt("magic", false);
	*header = good;
	header->e_machine = 0x1234;
	attempt("machine", false);
	*header = good;
	header->e_type = ET_REL;
	attempt("type", false);
	*header = good;
	header->e_phentsize = 8;
	attempt("program header size", false);
	*header = good;
	header->e_phnum = 0;
	attempt("no program headers", false);
	*header = good;
	header->e_phoff = ~0UL;
	attempt("program headers out of reach", false);
	*header = good;
	header->e_entry = 16;
	attempt("entry", true);
	*header = good;
	program->p_type = PT_LOAD;
	program->p_filesz = ~0UL >> 1;
	program->p_memsz = 1;
	attempt("segment larger in file than in memory", true);
	*program = good_program;
	program->p_type = PT_LOAD;
	program->p_vaddr = 0xffff800000000000;
	attempt("segment in the kernel's half", true);
	*program = good_program;
	program->p_type = PT_INTERP;
	program->p_offset = size + 100;
	program->p_filesz = 10;
	attempt("interpreter out of the file", false);
	*program = good_program;
	size = 200;
	attempt("cut short", false);
	size = 64;
	attempt("only the header", false);
}
