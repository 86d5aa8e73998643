/* plan_private: the terms of plans as a table. Private to ir/. */
#ifndef SPC_IR_PLAN_PRIVATE_H
#define SPC_IR_PLAN_PRIVATE_H

#include "ir/plan.h"

typedef struct ir_plan_term {
    const char *key, *legal;
    bool (*read)(ir_plan_terms *, const char *value); /* false: not a legal value */
    void (*print)(ir_text *, const ir_plan_terms *);  /* the value; nothing where the term is open */
} ir_plan_term;

const ir_plan_term *ir_plan_term_at(int index); /* NULL past the end */

#endif
