/* tls_names.c — which certificates serve which host name. */
#include "tls_impl.h"

#include "mailserver/core/mem.h"

#include <stdlib.h>
#include <string.h>

static bool has_exactly(const struct tls_pair *p, const char *name)
{
        for (size_t i = 0; i < p->n_names; i++)
                if (strcmp(p->names[i], name) == 0)
                        return true;
        return false;
}

/* The best of each kind: one that has the name itself before one with a wildcard, then file order. */
static struct tls_choice choose(const struct tls_pair *pairs, size_t n_pairs, const char *name)
{
        struct tls_choice c;

        for (size_t k = 0; k < TLS_KINDS; k++)
                c.pair[k] = -1;
        for (size_t i = 0; i < n_pairs; i++)
                if (has_exactly(&pairs[i], name) && c.pair[pairs[i].kind] < 0)
                        c.pair[pairs[i].kind] = (int)i;
        for (size_t i = 0; i < n_pairs; i++)
                if (tls_pair_covers(&pairs[i], name) && c.pair[pairs[i].kind] < 0)
                        c.pair[pairs[i].kind] = (int)i;
        return c;
}

/* For clients that name no host or one we do not know: the first, and others with all its names. */
static struct tls_choice choose_default(const struct tls_pair *pairs, size_t n_pairs)
{
        struct tls_choice c = choose(pairs, 0, "");

        c.pair[pairs[0].kind] = 0;
        for (size_t i = 1; i < n_pairs; i++) {
                size_t covered = 0;

                while (covered < pairs[0].n_names &&
                       tls_pair_covers(&pairs[i], pairs[0].names[covered]))
                        covered++;
                if (covered && covered == pairs[0].n_names && c.pair[pairs[i].kind] < 0)
                        c.pair[pairs[i].kind] = (int)i;
        }
        return c;
}

static int context_for(struct tls_names *t, const struct tls_choice *choice)
{
        for (size_t i = 0; i < t->n_choices; i++)
                if (memcmp(&t->choices[i], choice, sizeof *choice) == 0)
                        return (int)i;
        t->choices = mem_realloc(t->choices, (t->n_choices + 1) * sizeof *t->choices);
        t->choices[t->n_choices] = *choice;
        return (int)t->n_choices++;
}

static int by_name(const void *a, const void *b)
{
        const struct tls_name *x = a, *y = b;

        return strcmp(x->name, y->name);
}

static void drop_duplicates(struct tls_names *t)
{
        size_t kept = 0;

        for (size_t i = 0; i < t->n; i++) {
                if (kept && strcmp(t->items[kept - 1].name, t->items[i].name) == 0)
                        mem_free(t->items[i].name);
                else
                        t->items[kept++] = t->items[i];
        }
        t->n = kept;
}

void tls_names_build(struct tls_names *t, const struct tls_pair *pairs, size_t n_pairs)
{
        struct tls_choice choice = choose_default(pairs, n_pairs);
        size_t total = 0;

        context_for(t, &choice);
        for (size_t i = 0; i < n_pairs; i++)
                total += pairs[i].n_names;
        t->items = mem_alloc_array(total, sizeof *t->items);
        for (size_t i = 0; i < n_pairs; i++)
                for (size_t k = 0; k < pairs[i].n_names; k++)
                        t->items[t->n++].name = mem_strdup(slice_of(pairs[i].names[k]));
        if (t->n)
                qsort(t->items, t->n, sizeof *t->items, by_name);
        drop_duplicates(t);
        for (size_t i = 0; i < t->n; i++) {
                choice = choose(pairs, n_pairs, t->items[i].name);
                t->items[i].context = context_for(t, &choice);
        }
}

void tls_names_done(struct tls_names *t)
{
        for (size_t i = 0; i < t->n; i++)
                mem_free(t->items[i].name);
        mem_free(t->items);
        mem_free(t->choices);
        *t = (struct tls_names){ 0 };
}

static int text_to_name(const void *text, const void *item)
{
        return strcmp(text, ((const struct tls_name *)item)->name);
}

static const struct tls_name *lookup(const struct tls_names *t, const char *name)
{
        return t->n ? bsearch(name, t->items, t->n, sizeof *t->items, text_to_name) : NULL;
}

int tls_names_find(const struct tls_names *t, const char *host)
{
        char name[256]; /* RFC 1035 2.3.4: at most 255 octets */
        size_t len = strlen(host);
        const struct tls_name *found;
        char *dot;

        if (len == 0 || len >= sizeof name)
                return 0;
        for (size_t i = 0; i <= len; i++)
                name[i] = ascii_lower(host[i]);
        if (name[len - 1] == '.')
                name[len - 1] = '\0';
        found = lookup(t, name);
        if (!found && (dot = strchr(name, '.')) && dot > name) {
                dot[-1] = '*';
                found = lookup(t, dot - 1);
        }
        return found ? found->context : 0;
}
