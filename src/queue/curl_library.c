/* curl_library.c — see curl_library.h. */
#include "curl_library.h"

#include "mailserver/core/mem.h"
#include "mailserver/core/task.h"
#include "mailserver/store/store.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/opensslv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OLDEST = CURL_VERSION_BITS(7, 85, 0) }; /* has CURLOPT_PROTOCOLS_STR */

#define TEXT_OF_(number) #number
#define TEXT_OF(number)  TEXT_OF_(number)
#define WANTED_TLS       "OpenSSL/" TEXT_OF(OPENSSL_VERSION_MAJOR) "."

static const struct {
        const char *name;
        size_t offset;
} functions[] = {
#define ENTRY(name) { "curl_" #name, offsetof(struct curl_library, name) },
        CURL_LIBRARY_FUNCTIONS(ENTRY)
#undef ENTRY
};

/* ---- opening ---- */

enum err curl_library_fits(const curl_version_info_data *info, struct error *reterr)
{
        const char *ssl = info->ssl_version ? info->ssl_version : "no TLS";

        if (info->version_num < OLDEST)
                return fail(reterr, ERR_NOTFOUND, "libcurl %s is too old", info->version);
        if (strncmp(ssl, WANTED_TLS, sizeof WANTED_TLS - 1) != 0)
                return fail(reterr, ERR_NOTFOUND, "libcurl has %s instead of " WANTED_TLS, ssl);
        return ERR_OK;
}

enum err curl_library_open(const char *file, struct curl_library *ret_library, struct error *reterr)
{
        void *handle = dlopen(file ? file : CURL_LIBRARY_FILE, RTLD_NOW | RTLD_LOCAL);
        struct curl_library library;

        if (!handle)
                return fail(reterr, ERR_NOTFOUND, "%s", dlerror());
        for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
                void *symbol = dlsym(handle, functions[i].name);

                if (!symbol)
                        return fail(reterr, ERR_NOTFOUND, "%s", dlerror());
                memcpy((char *)&library + functions[i].offset, &symbol, sizeof symbol);
        }
        enum err err = curl_library_fits(library.version_info(CURLVERSION_NOW), reterr);

        if (!err)
                *ret_library = library;
        return err;
}

/* ---- trying ---- */

static void try_and_exit(const char *file, int out)
{
        struct curl_library library;
        struct error error = { 0 };

        if (curl_library_open(file, &library, &error) &&
            write(out, error.text, strlen(error.text)) < 0)
                _exit(EXIT_FAILURE);
        _exit(EXIT_SUCCESS);
}

/* What is said before the end of the file; "": nothing. */
static void read_all(int fd, char *ret_text, size_t size)
{
        size_t len = 0;
        ssize_t n = 1;

        while (len < size - 1 && n > 0) {
                n = read(fd, ret_text + len, size - 1 - len);
                if (n > 0)
                        len += (size_t)n;
                else if (n < 0 && errno == EINTR)
                        n = 1;
        }
        ret_text[len] = '\0';
}

enum err curl_library_check(const char *file, struct error *reterr)
{
        char text[sizeof reterr->text];
        int ends[2], status = 0;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC))
                return fail(reterr, ERR_IO, "pipe: %s", strerror(errno));
        pid = fork();
        if (pid == 0)
                try_and_exit(file, ends[1]);
        close(ends[1]);
        if (pid > 0)
                read_all(ends[0], text, sizeof text);
        close(ends[0]);
        if (pid < 0)
                return fail(reterr, ERR_IO, "fork: %s", strerror(errno));
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (text[0])
                return fail(reterr, ERR_NOTFOUND, "%s", text);
        if (!WIFEXITED(status) || WEXITSTATUS(status))
                return fail(reterr, ERR_NOTFOUND, "loading libcurl fails");
        return ERR_OK;
}

/* ---- loading ---- */

struct load_task {
        struct task task;
        const char *file;
        struct curl_library library;
        curl_library_fn *loaded;
};

/* It needs no transaction, only a thread that may wait for the disk. */
static enum err load_work(struct task *t, struct store_txn *tx)
{
        struct load_task *l = container_of(t, struct load_task, task);

        (void)tx;
        return curl_library_open(l->file, &l->library, &t->error);
}

static void load_done(struct task *t)
{
        struct load_task *l = container_of(t, struct load_task, task);

        l->loaded(t->owner, t->result ? NULL : &l->library, &t->error);
}

static void load_drop(struct task *t)
{
        mem_free(container_of(t, struct load_task, task));
}

static const struct task_class load_class = { "sts library", load_work, load_done, load_drop };

struct task *curl_library_load(struct store *store, const char *file, void *owner,
                               curl_library_fn *loaded)
{
        struct load_task *l = NEW(struct load_task);

        l->task.class = &load_class;
        l->task.owner = owner;
        l->file = file;
        l->loaded = loaded;
        if (!store_submit(store, 0, STORE_WORK, &l->task))
                return &l->task;
        load_drop(&l->task);
        return NULL;
}
