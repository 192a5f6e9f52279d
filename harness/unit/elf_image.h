/*
 * Small ELF programs made in memory, for the tests and the fuzzer of the loader.
 */
#ifndef UNIT_ELF_IMAGE_H
#define UNIT_ELF_IMAGE_H

#include <elf.h>
#include <string.h>

#define ELF_PAGE 4096ul

/*
 * A program of two segments: text (one page, with the headers) at base, and data one page behind it
 * whose first 100 bytes are in the file (bytes 1, 2, 3 …) and which is `data_memory` long. interp
 * NULL: none. Returns the file's length.
 */
static inline size_t elf_image_make(unsigned char *to, unsigned short type, unsigned long base,
				    size_t data_memory, const char *interp)
{
	Elf64_Ehdr *h = (Elf64_Ehdr *)to;
	Elf64_Phdr *p = (Elf64_Phdr *)(to + sizeof(*h));
	size_t interp_at = 1024;

	memset(to, 0, 2 * ELF_PAGE);
	memcpy(h->e_ident, ELFMAG, SELFMAG);
	h->e_ident[EI_CLASS] = ELFCLASS64;
	h->e_ident[EI_DATA] = ELFDATA2LSB;
	h->e_ident[EI_VERSION] = EV_CURRENT;
	h->e_type = type;
	h->e_machine = EM_X86_64;
	h->e_version = EV_CURRENT;
	h->e_entry = base + 0x200;
	h->e_phoff = sizeof(*h);
	h->e_ehsize = sizeof(*h);
	h->e_phentsize = sizeof(*p);
	h->e_phnum = interp ? 4 : 3;
	p[0] = (Elf64_Phdr){.p_type = PT_LOAD,
			    .p_flags = PF_R | PF_X,
			    .p_vaddr = base,
			    .p_filesz = 2048,
			    .p_memsz = 2048};
	p[1] = (Elf64_Phdr){.p_type = PT_LOAD,
			    .p_flags = PF_R | PF_W,
			    .p_offset = ELF_PAGE,
			    .p_vaddr = base + ELF_PAGE,
			    .p_filesz = 100,
			    .p_memsz = data_memory};
	p[2] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
	if (interp) {
		p[3] = (Elf64_Phdr){
		    .p_type = PT_INTERP, .p_offset = interp_at, .p_filesz = strlen(interp) + 1};
		memcpy(to + interp_at, interp, strlen(interp) + 1);
	}
	for (unsigned i = 0; i < 1000; i++)
		to[ELF_PAGE + i] = (unsigned char)(i + 1);
	return 2 * ELF_PAGE;
}

#endif
