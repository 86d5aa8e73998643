/* messages: see messages.h. A slot belongs to (pthread_self, kernel thread id): the first alone is reused as soon as a
 * thread has ended, and its successor must not see a stranger's message. */
#include "runtime/messages.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct slot {
    pthread_t thread;
    pid_t id;
    struct slot *next;
    char text[sizeof ((rt_error *)0)->text];
} slot;

struct rt_messages {
    pthread_mutex_t lock;
    slot *slots;
};

rt_messages *rt_messages_new(void)
{
    rt_messages *m = calloc(1, sizeof *m);
    if (m && pthread_mutex_init(&m->lock, NULL) != 0) {
        free(m);
        return NULL;
    }
    return m;
}

void rt_messages_free(rt_messages *m)
{
    if (!m)
        return;
    while (m->slots) {
        slot *next = m->slots->next;
        free(m->slots);
        m->slots = next;
    }
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* Under the lock. */
static slot *find(const rt_messages *m)
{
    for (slot *s = m->slots; s; s = s->next)
        if (pthread_equal(s->thread, pthread_self()))
            return s;
    return NULL;
}

void rt_messages_set(rt_messages *m, const char *text)
{
    pthread_mutex_lock(&m->lock);
    slot *s = find(m);
    if (!s && (s = calloc(1, sizeof *s))) {
        s->thread = pthread_self();
        s->next = m->slots;
        m->slots = s;
    }
    if (s) {
        s->id = gettid();
        strncpy(s->text, text, sizeof s->text - 1);
    }
    pthread_mutex_unlock(&m->lock);
}

const char *rt_messages_get(rt_messages *m)
{
    pthread_mutex_lock(&m->lock);
    const slot *s = find(m);
    const char *text = s && s->id == gettid() ? s->text : "";
    pthread_mutex_unlock(&m->lock);
    return text;
}
