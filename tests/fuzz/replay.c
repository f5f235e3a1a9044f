/*
 * replay.c — a fuzz target without a fuzzer: runs it over the files and
 * directories named on the command line. So every corpus is a unit test.
 *
 * An empty input comes first. A file or directory that is not there is a failure.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static void fail(const char *path)
{
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
}

/* In memory of exactly its size, so that a sanitizer sees the octet behind it touched. */
static void replay_file(const char *path, size_t size)
{
        FILE *file = fopen(path, "rb");
        uint8_t *octets = malloc(size ? size : 1);

        if (!file || !octets || fread(octets, 1, size, file) != size)
                fail(path);
        fclose(file);
        LLVMFuzzerTestOneInput(octets, size);
        replayed++;
        free(octets);
}

static void replay(const char *path)
{
        struct stat st;
        struct dirent *entry;
        DIR *dir;

        if (stat(path, &st))
                fail(path);
        if (!S_ISDIR(st.st_mode)) {
                replay_file(path, (size_t)st.st_size);
                return;
        }
        dir = opendir(path);
        if (!dir)
                fail(path);
        while ((entry = readdir(dir))) {
                char inside[4096];

                if (entry->d_name[0] == '.')
                        continue;
                snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
                replay(inside);
        }
        closedir(dir);
}

int main(int argc, char **argv)
{
        LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
        for (int i = 1; i < argc; i++)
                replay(argv[i]);
        printf("%zu inputs replayed\n", replayed);
        return EXIT_SUCCESS;
}
