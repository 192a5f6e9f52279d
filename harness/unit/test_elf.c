/*
 * Loading ELF programs from tmpfs into simulated address spaces, and the first stack of a program.
 */
#include "elf_image.h"
#include "files.h"
#include "host_memory.h"
#include "host_mmu.h"
#include "mm/mm.h"
#include "mm/mm_int.h"
#include "sys/exec_int.h"
#include "vfs/cred.h"

#include <sys/mman.h>

#define BASE 0x400000ul

static struct mm *mm;
static struct exec_image image;
static u8 program[2 * ELF_PAGE];

static void setup(void)
{
	files_start();
	mm_spaces_init();
	mm = mm_create();
	ck_assert_ptr_nonnull(mm);
	mm->stack_limit = 8 << 20;
	mm->as_limit = mm->data_limit = mm->memlock_limit = U64_MAX;
	mm->mmap_top = 0x7f0000000000;
	host_mm_set(mm);
}

static struct file *store(const char *name, const void *bytes, size_t n)
{
	struct file *file;
	loff_t pos = 0;

	ok(file_try_open(name, O_RDWR | O_CREAT | O_TRUNC, 0755, &file));
	ck_assert_int_eq(file_write_kernel(file, bytes, n, &pos), (ssize_t)n);
	return file;
}

static int load_program(bool randomize)
{
	struct file *file = store("/program", program, sizeof(program));
	int err = elf_load(mm, file, randomize, &image);

	file_put(file);
	return err;
}

static u8 byte_at(unsigned long va)
{
	u8 value = 0xee;

	ck_assert_int_eq(host_user_load(va, &value), 0);
	return value;
}

static void check_data(unsigned long data, size_t memory)
{
	for (size_t i = 0; i < memory; i++)
		ck_assert_uint_eq(byte_at(data + i), i < 100 ? (u8)(i + 1) : 0);
}

/* ---- programs ---- */

START_TEST(a_program_is_mapped_where_it_says)
{
	elf_image_make(program, ET_EXEC, BASE, 300, NULL);
	ok(load_program(true));
	ck_assert_uint_eq(image.entry, BASE + 0x200);
	ck_assert_uint_eq(image.start, image.entry);
	ck_assert_uint_eq(image.interp_base, 0);
	ck_assert_uint_eq(image.phdr, BASE + sizeof(Elf64_Ehdr));
	ck_assert_uint_eq(image.phnum, 3);
	ck_assert_uint_eq(image.end, BASE + 2 * ELF_PAGE);
	ck_assert(!image.exec_stack);
	ck_assert_uint_eq(byte_at(BASE), 0x7f);
	check_data(BASE + ELF_PAGE, 300);
	ck_assert_int_eq(host_user_store(BASE, 1), SIGSEGV);
	ck_assert_int_eq(host_user_store(BASE + ELF_PAGE, 9), 0);
	ck_assert_int_eq(host_user_fetch(BASE), 0);
	ck_assert_int_eq(host_user_fetch(BASE + ELF_PAGE), SIGSEGV);
}
END_TEST

START_TEST(memory_beyond_the_file_is_zero)
{
	size_t memory = 3 * ELF_PAGE + 5;

	elf_image_make(program, ET_EXEC, BASE, memory, NULL);
	ok(load_program(false));
	ck_assert_uint_eq(image.end, BASE + ELF_PAGE + 4 * ELF_PAGE);
	check_data(BASE + ELF_PAGE, memory);
	/* The file has other bytes there, and keeps them. */
	struct file *file = must_open("/program", O_RDONLY);
	u8 byte;
	loff_t pos = ELF_PAGE + 150;
	ck_assert_int_eq(file_read_kernel(file, &byte, 1, &pos), 1);
	ck_assert_uint_eq(byte, 151);
	file_put(file);
}
END_TEST

START_TEST(a_position_independent_program_moves_as_a_whole)
{
	elf_image_make(program, ET_DYN, 0, 300, NULL);
	ok(load_program(true));
	unsigned long bias = image.entry - 0x200;
	ck_assert_uint_eq(bias % ELF_PAGE, 0);
	ck_assert_uint_gt(bias, 0x100000000ul);
	ck_assert_uint_eq(image.phdr, bias + sizeof(Elf64_Ehdr));
	check_data(bias + ELF_PAGE, 300);
	ck_assert_uint_eq(mm->code_start, bias);
}
END_TEST

START_TEST(an_interpreter_is_loaded_and_starts_first)
{
	elf_image_make(program, ET_DYN, 0, 500, NULL);
	file_put(store("/ld", program, sizeof(program)));
	elf_image_make(program, ET_DYN, 0, 300, "/ld");
	ok(load_program(false));
	ck_assert_uint_ne(image.interp_base, 0);
	ck_assert_uint_eq(image.start, image.interp_base + 0x200);
	ck_assert_uint_ne(image.start, image.entry);
	check_data(image.interp_base + ELF_PAGE, 500);
	check_data(image.entry - 0x200 + ELF_PAGE, 300);
}
END_TEST

START_TEST(an_interpreter_must_exist_and_be_executable)
{
	elf_image_make(program, ET_DYN, 0, 300, "/ld");
	fails(-ENOENT, load_program(false));
	ok(file_make("/ld"));
	fails(-EACCES, load_program(false));
	ok(file_chmod("/ld", 0755));
	fails(-ELIBBAD, load_program(false));
}
END_TEST

/* ---- damage ---- */

static const struct damage {
	size_t at;
	unsigned size;
	u64 value;
	int error;
} damages[] = {
    {0, 1, 0, -ENOEXEC},
    {EI_CLASS, 1, ELFCLASS32, -ENOEXEC},
    {EI_DATA, 1, ELFDATA2MSB, -ENOEXEC},
    {offsetof(Elf64_Ehdr, e_type), 2, ET_CORE, -ENOEXEC},
    {offsetof(Elf64_Ehdr, e_machine), 2, EM_SPARC, -ENOEXEC},
    {offsetof(Elf64_Ehdr, e_phentsize), 2, 55, -ENOEXEC},
    {offsetof(Elf64_Ehdr, e_phnum), 2, 0, -ENOEXEC},
    {offsetof(Elf64_Ehdr, e_phnum), 2, 0xffff, -ENOEXEC},
    {offsetof(Elf64_Ehdr, e_phoff), 8, 1ull << 40, -ENOEXEC},
    {offsetof(Elf64_Ehdr, e_phoff), 8, ~0ull, -ENOEXEC},
    {sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset), 8, 1, -ENOEXEC},
    {sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_vaddr), 8, 0xffff800000000000ull, -ENOEXEC},
    {sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_vaddr), 8, 0, -EPERM},
    {sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 8, 1, -ENOEXEC},
    {sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 8, ~0ull, -ENOEXEC},
    {sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz), 8, ~0ull, -ENOEXEC},
};

START_TEST(damaged_headers_are_refused)
{
	const struct damage *damage = &damages[_i];

	elf_image_make(program, ET_EXEC, BASE, 300, NULL);
	memcpy(program + damage->at, &damage->value, damage->size);
	fails(damage->error, load_program(false));
}
END_TEST

START_TEST(a_program_cut_anywhere_loads_or_is_refused)
{
	for (size_t n = 0; n < 2 * ELF_PAGE; n += n < 400 ? 1 : 97) {
		elf_image_make(program, ET_EXEC, BASE, 300, NULL);
		struct file *file = store("/short", program, n);
		struct mm *space = mm_create();
		space->as_limit = space->data_limit = U64_MAX;
		space->mmap_top = 0x7f0000000000;
		int err = elf_load(space, file, false, &image);
		ck_assert(err == 0 || err == -ENOEXEC || err == -ENOMEM || err == -EFAULT);
		ck_assert(err == 0 || n < sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr) ||
			  n < ELF_PAGE + 100);
		mm_put(space);
		file_put(file);
	}
}
END_TEST

START_TEST(a_failing_allocation_is_an_error_and_nothing_else)
{
	elf_image_make(program, ET_DYN, 0, 500, NULL);
	file_put(store("/ld", program, sizeof(program)));
	elf_image_make(program, ET_DYN, 0, 3 * ELF_PAGE, "/ld");
	struct file *file = store("/program", program, sizeof(program));
	for (unsigned int nth = 1;; nth++) {
		struct mm *space = mm_create();
		space->as_limit = space->data_limit = U64_MAX;
		space->mmap_top = 0x7f0000000000;
		host_alloc_fail_nth(nth);
		int err = elf_load(space, file, false, &image);
		bool failed = host_alloc_failed();
		host_alloc_fail_nth(0);
		mm_put(space);
		if (!failed)
			break;
		ck_assert(err == 0 || err == -ENOMEM);
	}
	file_put(file);
}
END_TEST

/* ---- stacks ---- */

static unsigned long word_at(unsigned long va)
{
	unsigned long word;

	ck_assert_uint_eq(mm_access(mm, va, &word, sizeof(word), false), sizeof(word));
	return word;
}

static void check_string(unsigned long va, const char *want)
{
	char text[256] = "";

	ck_assert_uint_eq(mm_access(mm, va, text, strlen(want) + 1, false), strlen(want) + 1);
	ck_assert_str_eq(text, want);
}

static unsigned long auxv_find(unsigned long at, unsigned long type)
{
	for (; word_at(at); at += 16)
		if (word_at(at) == type)
			return word_at(at + 8);
	ck_abort_msg("no auxv entry %lu", type);
	return 0;
}

START_TEST(the_first_stack_is_laid_out_as_the_abi_says)
{
	char *argv[] = {"prog", "", "second argument", NULL}, *envp[] = {"A=1", "PATH=/bin", NULL};
	struct exec_vector args = {.kernel = argv}, env = {.kernel = envp};
	struct exec_strings strings;
	unsigned long sp, at;

	elf_image_make(program, ET_EXEC, BASE, 300, NULL);
	ok(load_program(false));
	exec_strings_init(&strings, 8 << 20);
	ok(exec_strings_add_vector(&strings, &args, 0, &strings.argc));
	ok(exec_strings_add_vector(&strings, &env, 0, &strings.envc));
	strings.name_offset = strings.length;
	ok(exec_strings_add(&strings, "/bin/prog"));
	ok(exec_stack_make(mm, &strings, &image, current_cred(), false, false, &sp));
	exec_strings_free(&strings);

	ck_assert_uint_eq(sp % 16, 0);
	ck_assert_uint_eq(word_at(sp), 3);
	for (unsigned i = 0; i < 3; i++)
		check_string(word_at(sp + 8 + 8 * i), argv[i]);
	ck_assert_uint_eq(word_at(sp + 32), 0);
	for (unsigned i = 0; i < 2; i++)
		check_string(word_at(sp + 40 + 8 * i), envp[i]);
	ck_assert_uint_eq(word_at(sp + 56), 0);
	at = sp + 64;
	ck_assert_uint_eq(auxv_find(at, AT_PAGESZ), 4096);
	ck_assert_uint_eq(auxv_find(at, AT_PHDR), image.phdr);
	ck_assert_uint_eq(auxv_find(at, AT_PHENT), sizeof(Elf64_Phdr));
	ck_assert_uint_eq(auxv_find(at, AT_PHNUM), 3);
	ck_assert_uint_eq(auxv_find(at, AT_ENTRY), image.entry);
	ck_assert_uint_eq(auxv_find(at, AT_SECURE), 0);
	ck_assert_uint_eq(auxv_find(at, AT_CLKTCK), 100);
	check_string(auxv_find(at, AT_EXECFN), "/bin/prog");
	check_string(auxv_find(at, AT_PLATFORM), "x86_64");
	(void)word_at(auxv_find(at, AT_RANDOM) + 8);
	ck_assert_uint_eq(mm->arg_start, word_at(sp + 8));
	ck_assert_uint_eq(mm->env_start, word_at(sp + 40));
	ck_assert_uint_eq(mm->env_end - mm->env_start, sizeof("A=1") + sizeof("PATH=/bin"));
}
END_TEST

START_TEST(arguments_have_limits)
{
	struct exec_strings strings;
	char *big = malloc(200000);
	int err = 0;

	memset(big, 'x', 199999);
	big[199999] = 0;
	exec_strings_init(&strings, 0);
	fails(-E2BIG, exec_strings_add(&strings, big)); /* 128 KiB in all with so small a stack */
	exec_strings_free(&strings);

	char *argv[] = {big + 199999 - 4000, NULL};
	struct exec_vector args = {.kernel = argv};
	unsigned int count = 0;
	exec_strings_init(&strings, 8 << 20);
	while (!err)
		err = exec_strings_add_vector(&strings, &args, 0, &count);
	ck_assert_int_eq(err, -E2BIG);
	ck_assert_uint_gt(count, 500); /* a quarter of the stack: 2 MiB */
	ck_assert_uint_lt(count, 530);
	exec_strings_free(&strings);
	free(big);
}
END_TEST

START_TEST(a_user_string_may_be_as_long_as_the_limit)
{
	struct exec_strings strings;
	char *big = malloc(EXEC_STRING_MAX + 1);
	const char *argv[] = {big, NULL};
	struct exec_vector args = {.user = argv};
	unsigned int count = 0;

	memset(big, 'x', EXEC_STRING_MAX);
	big[EXEC_STRING_MAX - 1] = 0;
	exec_strings_init(&strings, 8 << 20);
	ok(exec_strings_add_vector(&strings, &args, 0, &count));
	ck_assert_uint_eq(strings.length, EXEC_STRING_MAX);
	big[EXEC_STRING_MAX - 1] = 'x';
	big[EXEC_STRING_MAX] = 0;
	fails(-E2BIG, exec_strings_add_vector(&strings, &args, 0, &count));
	exec_strings_free(&strings);
	free(big);
}
END_TEST

Suite *suite_elf(void)
{
	Suite *suite = suite_with(
	    "elf", setup, NULL, a_program_is_mapped_where_it_says, memory_beyond_the_file_is_zero,
	    a_position_independent_program_moves_as_a_whole,
	    an_interpreter_is_loaded_and_starts_first, an_interpreter_must_exist_and_be_executable,
	    a_program_cut_anywhere_loads_or_is_refused,
	    a_failing_allocation_is_an_error_and_nothing_else,
	    the_first_stack_is_laid_out_as_the_abi_says, arguments_have_limits,
	    a_user_string_may_be_as_long_as_the_limit);

	suite_add_loop(suite, setup, damaged_headers_are_refused, ARRAY_SIZE(damages));
	return suite;
}
