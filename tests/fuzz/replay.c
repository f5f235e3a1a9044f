/*
 * replay.c — runs a fuzz target over files instead of libFuzzer's inventions.
 *
 *      fuzz_x DIRECTORY|FILE…
 *
 * Every file of the directories (not below them) is given to the target once. A
 * directory that is missing or empty is a failure: a corpus that was moved away
 * would otherwise look like a test that passes.
 */
#include "mailserver/core/buf.h"
#include "mailserver/core/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A target may want to be called once before the first input. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { CHUNK = 65536 };

static bool complain(const char *path, const char *what)
{
        fprintf(stderr, "replay: %s: %s\n", path, what);
        return false;
}

static bool run_file(const char *path)
{
        AUTO_BUF(input, BUF_MAX);
        FILE *file = fopen(path, "rb");
        size_t n;
        bool failed;
        uint8_t *exact;

        if (!file)
                return complain(path, strerror(errno));
        do {
                enum err full = buf_reserve(&input, CHUNK);

                n = full ? 0 : fread(input.ptr + input.len, 1, CHUNK, file);
                input.len += n;
        } while (n);
        failed = ferror(file) || !feof(file);
        fclose(file);
        if (failed)
                return complain(path, "cannot be read");
        /* A copy of just this size: reading past its end is seen by the sanitizer. */
        exact = mem_alloc(input.len);
        if (input.len)
                memcpy(exact, input.ptr, input.len);
        LLVMFuzzerTestOneInput(exact, input.len);
        mem_free(exact);
        return true;
}

static bool run_directory(const char *path)
{
        DIR *directory = opendir(path);
        size_t files = 0;
        bool good = true;

        if (!directory)
                return complain(path, strerror(errno));
        for (struct dirent *entry; good && (entry = readdir(directory));) {
                AUTO_BUF(file, 4096);
                struct stat about;

                if (entry->d_name[0] == '.')
                        continue;
                buf_addf(&file, "%s/%s", path, entry->d_name);
                if (stat(file.ptr, &about) == 0 && S_ISREG(about.st_mode)) {
                        good = run_file(file.ptr);
                        files++;
                }
        }
        closedir(directory);
        if (good && !files)
                return complain(path, "no files in it");
        printf("%s: %zu inputs\n", path, files);
        return good;
}

static bool run(const char *path)
{
        struct stat about;

        if (stat(path, &about) != 0)
                return complain(path, strerror(errno));
        return S_ISDIR(about.st_mode) ? run_directory(path) : run_file(path);
}

int main(int argc, char **argv)
{
        bool good = argc > 1;

        if (!good)
                complain("no directory or file", "nothing to do");
        if (LLVMFuzzerInitialize)
                LLVMFuzzerInitialize(&argc, &argv);
        for (int i = 1; i < argc; i++)
                good = run(argv[i]) && good;
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
