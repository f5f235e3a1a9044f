/* privileges.c — from root to the service's own user. */
#include "privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err find_user(const char *user, struct passwd *ret_entry, char *space, size_t size,
                          struct error *reterr)
{
        struct passwd *found = NULL;

        if (getpwnam_r(user, ret_entry, space, size, &found) || !found)
                return fail(reterr, ERR_NOTFOUND,
                            "there is no system user \"%s\"; make it with: useradd --system "
                            "--home-dir /var/lib/mailserver %s, or set `user`",
                            user, user);
        return ERR_OK;
}

enum err privileges_prepare_dir(const char *data_dir, const char *user, struct error *reterr)
{
        char space[2048];
        struct passwd entry;
        struct stat st;
        enum err err;

        if (geteuid() != 0 || stat(data_dir, &st) == 0)
                return ERR_OK;
        err = find_user(user, &entry, space, sizeof space, reterr);
        if (err)
                return err;
        if (mkdir(data_dir, 0700))
                return fail(reterr, ERR_IO, "cannot make %s: %s", data_dir, strerror(errno));
        if (chown(data_dir, entry.pw_uid, entry.pw_gid))
                return fail(reterr, ERR_IO, "cannot give %s to %s: %s", data_dir, user,
                            strerror(errno));
        return ERR_OK;
}

static enum err become(uid_t uid, gid_t gid, const char *name, struct error *reterr)
{
        bool ok = (name ? initgroups(name, gid) == 0 : setgroups(0, NULL) == 0) &&
                  setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;

        if (!ok)
                return fail(reterr, ERR_DENIED, "cannot become user %ld: %s", (long)uid,
                            strerror(errno));
        return ERR_OK;
}

enum err privileges_drop(const char *user, struct error *reterr)
{
        char space[2048];
        struct passwd entry;
        enum err err;

        if (geteuid() != 0)
                return ERR_OK;
        err = find_user(user, &entry, space, sizeof space, reterr);
        return err ? err : become(entry.pw_uid, entry.pw_gid, entry.pw_name, reterr);
}

enum err privileges_become_owner(const char *dir, struct error *reterr)
{
        struct stat st;

        if (geteuid() != 0 || stat(dir, &st) || st.st_uid == 0)
                return ERR_OK;
        return become(st.st_uid, st.st_gid, NULL, reterr);
}
