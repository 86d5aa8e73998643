/* elf.c: writes the data object (one read-only section of weights, one of the manifest, one symbol for each), and fills
 * the weights of linked libraries.
 *
 *     Ehdr | weights | manifest | symtab | strtab | shstrtab | section headers
 *
 * By hand, because no code generator should ever see gigabytes of weights. 64-bit little-endian, as the targets are. */
#include "backends/elf.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { NONE, WEIGHTS, MANIFEST, SYMTAB, STRTAB, SHSTRTAB, NOTE, SECTIONS };
enum { BLOCK = 4096, ALIGNMENT = 64 };

static const char section_names[] = "\0" BE_WEIGHTS_SECTION "\0.rodata." BE_MANIFEST_SYMBOL
                                    "\0.symtab\0.strtab\0.shstrtab\0.note.GNU-stack";
static const char symbol_names[] = "\0" BE_WEIGHTS_SYMBOL "\0" BE_MANIFEST_SYMBOL;

typedef struct writer {
    int fd;
    const char *path;
    rt_error *error;
} writer;

static spc_status write_at(const writer *w, const void *data, size_t size, int64_t offset)
{
    const char *next = data;

    while (size > 0) {
        ssize_t n = pwrite(w->fd, next, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return rt_fail(w->error, rt_system_status(errno), "%s: %s", w->path, n < 0 ? strerror(errno) : "cannot write");
        next += n;
        size -= (size_t)n;
        offset += n;
    }
    return SPC_OK;
}

static bool all_zero(const char *data, size_t size)
{
    return size == 0 || (data[0] == 0 && memcmp(data, data + 1, size - 1) == 0);
}

/* Runs of blocks that hold anything, each in one write. */
static spc_status write_sparse(const writer *w, const char *data, int64_t size, int64_t offset)
{
    int64_t start = 0, end = 0;

    while (start < size) {
        for (end = start; end < size; end += BLOCK)
            if (all_zero(data + end, (size_t)(size - end < BLOCK ? size - end : BLOCK)))
                break;
        if (end > size)
            end = size;
        spc_status status = write_at(w, data + start, (size_t)(end - start), offset + start);
        if (status)
            return status;
        start = end + BLOCK; /* end: a zero block, or the end */
    }
    return SPC_OK;
}

static spc_status write_pieces(const writer *w, const be_link_job *job, int64_t offset)
{
    int64_t end = 0;

    for (size_t i = 0; i < job->piece_count; i++) {
        const be_piece *piece = &job->pieces[i];
        if (piece->offset < end || piece->bytes < 0 || piece->bytes > job->weights_bytes - piece->offset)
            return rt_fail(w->error, SPC_E_INTERNAL, "data object: piece %zu overlaps or sticks out", i);
        spc_status status = write_sparse(w, piece->data, piece->bytes, offset + piece->offset);
        if (status)
            return status;
        end = piece->offset + piece->bytes;
    }
    return SPC_OK;
}

static uint32_t name_of(const char *names, size_t size, const char *name)
{
    const char *at = memmem(names, size, name, strlen(name) + 1); /* the terminator tells .rodata.x from x */
    return (uint32_t)(at - names);
}

#define SECTION_NAME(name) name_of(section_names, sizeof section_names, (name))
#define SYMBOL_NAME(name) name_of(symbol_names, sizeof symbol_names, (name))

static uint64_t aligned(uint64_t offset) { return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static void fill_sections(Elf64_Shdr s[SECTIONS], uint64_t weights, bool filled, uint64_t manifest)
{
    s[WEIGHTS] = (Elf64_Shdr){.sh_name = SECTION_NAME(BE_WEIGHTS_SECTION),
                              .sh_type = filled ? SHT_PROGBITS : SHT_NOBITS, .sh_flags = SHF_ALLOC, .sh_size = weights,
                              .sh_addralign = ALIGNMENT};
    s[MANIFEST] = (Elf64_Shdr){.sh_name = SECTION_NAME(".rodata." BE_MANIFEST_SYMBOL), .sh_type = SHT_PROGBITS,
                               .sh_flags = SHF_ALLOC, .sh_size = manifest, .sh_addralign = 1};
    s[SYMTAB] = (Elf64_Shdr){.sh_name = SECTION_NAME(".symtab"), .sh_type = SHT_SYMTAB, .sh_link = STRTAB,
                             .sh_info = 1, .sh_size = 3 * sizeof(Elf64_Sym), .sh_entsize = sizeof(Elf64_Sym),
                             .sh_addralign = 8};
    s[STRTAB] = (Elf64_Shdr){.sh_name = SECTION_NAME(".strtab"), .sh_type = SHT_STRTAB,
                             .sh_size = sizeof symbol_names, .sh_addralign = 1};
    s[SHSTRTAB] = (Elf64_Shdr){.sh_name = SECTION_NAME(".shstrtab"), .sh_type = SHT_STRTAB,
                               .sh_size = sizeof section_names, .sh_addralign = 1};
    s[NOTE] = (Elf64_Shdr){.sh_name = SECTION_NAME(".note.GNU-stack"), .sh_type = SHT_PROGBITS, .sh_addralign = 1};
}

/* Gives every section its place; returns the place behind them all. */
static uint64_t place_sections(Elf64_Shdr s[SECTIONS])
{
    uint64_t offset = sizeof(Elf64_Ehdr);

    for (int i = WEIGHTS; i < SECTIONS; i++) {
        s[i].sh_offset = aligned(offset);
        offset = s[i].sh_offset + (s[i].sh_type == SHT_NOBITS ? 0 : s[i].sh_size);
    }
    return aligned(offset);
}

static spc_status write_tables(const writer *w, const be_link_job *job, const Elf64_Shdr s[SECTIONS], uint64_t table)
{
    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE},
        .e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_shoff = table,
        .e_ehsize = sizeof header, .e_shentsize = sizeof *s, .e_shnum = SECTIONS, .e_shstrndx = SHSTRTAB,
    };
    Elf64_Sym symbols[3] = {
        [1] = {.st_name = SYMBOL_NAME(BE_WEIGHTS_SYMBOL), .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
               .st_shndx = WEIGHTS, .st_size = s[WEIGHTS].sh_size},
        [2] = {.st_name = SYMBOL_NAME(BE_MANIFEST_SYMBOL), .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
               .st_shndx = MANIFEST, .st_size = s[MANIFEST].sh_size},
    };
    const struct { const void *data; size_t size; uint64_t offset; } parts[] = {
        {&header, sizeof header, 0},
        {job->manifest, s[MANIFEST].sh_size, s[MANIFEST].sh_offset},
        {symbols, sizeof symbols, s[SYMTAB].sh_offset},
        {symbol_names, sizeof symbol_names, s[STRTAB].sh_offset},
        {section_names, sizeof section_names, s[SHSTRTAB].sh_offset},
        {s, SECTIONS * sizeof *s, table},
    };
    spc_status status = SPC_OK;

    for (size_t i = 0; i < sizeof parts / sizeof *parts && !status; i++)
        status = write_at(w, parts[i].data, parts[i].size, (int64_t)parts[i].offset);
    return status;
}

/* Never empty: an empty section would be dropped together with its symbol. */
static uint64_t weights_size(const be_link_job *job)
{
    return job->weights_bytes > 0 ? (uint64_t)job->weights_bytes : ALIGNMENT;
}

static spc_status resize(const writer *w, uint64_t size)
{
    return ftruncate(w->fd, (off_t)size) == 0 ? SPC_OK
                                              : rt_fail(w->error, rt_system_status(errno), "%s: %s", w->path, strerror(errno));
}

static spc_status write_all(const writer *w, const be_link_job *job, bool filled)
{
    Elf64_Shdr sections[SECTIONS] = {0};

    fill_sections(sections, weights_size(job), filled, strlen(job->manifest) + 1);
    uint64_t table = place_sections(sections);
    spc_status status = resize(w, table + sizeof sections);
    if (!status && filled)
        status = write_pieces(w, job, (int64_t)sections[WEIGHTS].sh_offset);
    return status ? status : write_tables(w, job, sections, table);
}

static spc_status close_writer(const writer *w, spc_status status)
{
    if (close(w->fd) != 0 && !status)
        status = rt_fail(w->error, rt_system_status(errno), "%s: %s", w->path, strerror(errno));
    return status;
}

spc_status be_elf_write(const be_link_job *job, bool filled, const char *path, rt_error *error)
{
    if (job->weights_bytes < 0 || job->weights_bytes > INT64_MAX / 2)
        return rt_fail(error, SPC_E_INTERNAL, "data object: %lld bytes of weights", (long long)job->weights_bytes);
    writer w = {open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), path, error};
    if (w.fd < 0)
        return rt_fail(error, rt_system_status(errno), "%s: %s", path, strerror(errno));
    return close_writer(&w, write_all(&w, job, filled));
}

/* ---- filling a linked library ---- */

static spc_status unexpected(const writer *w, const char *what)
{
    return rt_fail(w->error, SPC_E_BACKEND, "%s: the linker made %s", w->path, what);
}

static bool read_at(const writer *w, void *data, size_t size, uint64_t offset)
{
    return pread(w->fd, data, size, (off_t)offset) == (ssize_t)size;
}

/* The segment that begins where the weights do, in which nothing else lies. */
static spc_status find_segment(const writer *w, const Elf64_Ehdr *header, const Elf64_Shdr *section, Elf64_Phdr *segment,
                               uint64_t *at)
{
    for (int i = 0; i < header->e_phnum; i++) {
        *at = header->e_phoff + (uint64_t)i * sizeof *segment;
        if (!read_at(w, segment, sizeof *segment, *at))
            break;
        if (segment->p_type == PT_LOAD && segment->p_vaddr == section->sh_addr && segment->p_filesz == 0
            && segment->p_memsz == section->sh_size && segment->p_flags == PF_R)
            return SPC_OK;
    }
    return unexpected(w, "no segment for the weights alone");
}

/* The only section without place in the file that is neither written to nor smaller than the weights. */
static spc_status find_section(const writer *w, const Elf64_Ehdr *header, uint64_t size, Elf64_Shdr *section, uint64_t *at)
{
    for (int i = 0; i < header->e_shnum; i++) {
        *at = header->e_shoff + (uint64_t)i * sizeof *section;
        if (!read_at(w, section, sizeof *section, *at))
            break;
        if (section->sh_type == SHT_NOBITS && section->sh_flags == SHF_ALLOC && section->sh_size == size)
            return SPC_OK;
    }
    return unexpected(w, "no section for the weights");
}

static spc_status fill(const writer *w, const be_link_job *job)
{
    Elf64_Ehdr header;
    Elf64_Shdr section;
    Elf64_Phdr segment;
    uint64_t section_at = 0, segment_at = 0;
    off_t end = lseek(w->fd, 0, SEEK_END);

    if (end < 0 || !read_at(w, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0
        || header.e_phentsize != sizeof segment || header.e_shentsize != sizeof section)
        return unexpected(w, "no ELF file");
    spc_status status = find_section(w, &header, weights_size(job), &section, &section_at);
    if (!status)
        status = find_segment(w, &header, &section, &segment, &segment_at);
    if (status)
        return status;
    if (segment.p_align == 0 || (segment.p_vaddr & (segment.p_align - 1)) != 0)
        return unexpected(w, "weights out of line");
    section.sh_type = SHT_PROGBITS;
    section.sh_offset = segment.p_offset = ((uint64_t)end + segment.p_align - 1) / segment.p_align * segment.p_align;
    segment.p_filesz = segment.p_memsz;
    status = resize(w, segment.p_offset + segment.p_filesz);
    if (!status)
        status = write_pieces(w, job, (int64_t)segment.p_offset);
    if (!status)
        status = write_at(w, &section, sizeof section, (int64_t)section_at);
    return status ? status : write_at(w, &segment, sizeof segment, (int64_t)segment_at);
}

spc_status be_elf_fill(const be_link_job *job, const char *path, rt_error *error)
{
    writer w = {open(path, O_RDWR | O_CLOEXEC), path, error};

    if (w.fd < 0)
        return rt_fail(error, rt_system_status(errno), "%s: %s", path, strerror(errno));
    return close_writer(&w, fill(&w, job));
}
