/* messages: the last message of each thread on one object, without thread-local or global state.
 *
 * A list under a lock, keyed by thread; a slot is found again by the thread that made it, and taken over when the
 * system gives a dead thread's identity to a new one. So it holds at most as many slots as threads lived at once. */
#ifndef SPC_RT_MESSAGES_H
#define SPC_RT_MESSAGES_H

#include "runtime/error.h"

typedef struct rt_messages rt_messages;

rt_messages *rt_messages_new(void); /* NULL: no memory */
void rt_messages_free(rt_messages *); /* takes NULL */
/* Keeps the text for the calling thread; dropped when there is no memory for it. */
void rt_messages_set(rt_messages *, const char *text);
/* "" if the calling thread has none. Valid until its next rt_messages_set. */
const char *rt_messages_get(rt_messages *);

#endif
