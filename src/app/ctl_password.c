/* ctl_password.c — asking a person for a new password. */
#include "ctl_password.h"

#include "mailserver/auth/verifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PASSWORD_MAX = 1026 };

/* A line without its end; false at the end of the input. */
static bool read_line(FILE *in, char line[PASSWORD_MAX])
{
        if (!fgets(line, PASSWORD_MAX, in))
                return false;
        line[strcspn(line, "\r\n")] = '\0';
        return true;
}

static bool ask_once(FILE *tty, const char *prompt, char line[PASSWORD_MAX])
{
        struct termios shown, hidden;
        bool known = tcgetattr(fileno(tty), &shown) == 0, got;

        fputs(prompt, tty);
        fflush(tty);
        if (known) {
                hidden = shown;
                hidden.c_lflag &= ~(tcflag_t)ECHO;
                tcsetattr(fileno(tty), TCSAFLUSH, &hidden);
        }
        got = read_line(tty, line);
        if (known)
                tcsetattr(fileno(tty), TCSAFLUSH, &shown);
        fputs("\n", tty);
        return got;
}

static bool ask_twice(char line[PASSWORD_MAX])
{
        FILE *tty = fopen("/dev/tty", "r+e");
        char again[PASSWORD_MAX];
        bool same;

        if (!tty) {
                fputs("mailserverctl: no terminal to ask for the password; use --password-stdin\n",
                      stderr);
                return false;
        }
        same = ask_once(tty, "New password: ", line) && ask_once(tty, "Once more: ", again) &&
               strcmp(line, again) == 0;
        explicit_bzero(again, sizeof again);
        fclose(tty);
        if (!same)
                fputs("mailserverctl: the two are not the same; nothing has been changed\n",
                      stderr);
        return same;
}

bool ctl_password_verifiers(bool from_stdin, struct buf *out_verifiers)
{
        char line[PASSWORD_MAX] = "";
        struct error error = { 0 };
        bool ok = from_stdin ? read_line(stdin, line) : ask_twice(line);

        if (ok && verifier_make(slice_of(line), out_verifiers, &error)) {
                fprintf(stderr, "mailserverctl: %s\n", error.text);
                ok = false;
        } else if (!ok && from_stdin) {
                fputs("mailserverctl: no password on standard input\n", stderr);
        }
        explicit_bzero(line, sizeof line);
        return ok;
}
