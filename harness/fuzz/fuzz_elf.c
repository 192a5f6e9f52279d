/*
 * The ELF loader on whatever bytes: it maps or refuses, and the address space can be taken apart
 * again. The input replaces bytes of a valid program, so that the fuzzer is soon past the magic
 * number: three bytes each, a place among the headers and a value.
 */
#include "../unit/elf_image.h"
#include "host_files.h"
#include "host_mmu.h"
#include "lib/assert.h"
#include "mm/mm.h"
#include "mm/mm_int.h"
#include "sys/exec_int.h"
#include "vfs/file.h"
#include "vfs/vfs.h"

#include <fcntl.h>

static struct file *program, *interpreter;

static struct file *make(const char *name)
{
	struct vfs_open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0755};
	struct file *file = NULL;

	VERIFY_EQ(vfs_open(-100, name, &how, &file), 0);
	return file;
}

static void write_at_start(struct file *file, const void *bytes, size_t n)
{
	loff_t pos = 0;

	VERIFY_EQ(file_write_kernel(file, bytes, n, &pos), (ssize_t)n);
}

static void start(void)
{
	static unsigned char bytes[2 * ELF_PAGE];
	struct path root;

	VERIFY(host_files_start(022, &root));
	mm_spaces_init();
	program = make("/program");
	interpreter = make("/ld");
	elf_image_make(bytes, ET_DYN, 0, 300, NULL);
	write_at_start(interpreter, bytes, sizeof(bytes));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static unsigned char bytes[2 * ELF_PAGE];
	struct exec_image image;
	struct mm *mm;

	if (!program)
		start();
	elf_image_make(bytes, size && data[0] & 1 ? ET_DYN : ET_EXEC, 0x400000, 3 * ELF_PAGE,
		       size && data[0] & 2 ? "/ld" : NULL);
	for (size_t i = 1; i + 2 < size; i += 3)
		bytes[(data[i] | data[i + 1] << 8) % 1100] = data[i + 2];
	write_at_start(program, bytes, sizeof(bytes));
	mm = mm_create();
	VERIFY(mm);
	mm->stack_limit = 8 << 20;
	mm->as_limit = mm->data_limit = mm->memlock_limit = U64_MAX;
	mm->mmap_top = 0x7f0000000000;
	int err = elf_load(mm, program, size && data[0] & 4, &image);
	VERIFY(err <= 0);
	mm_put(mm);
	return 0;
}
