/* grammar: SDL's syntax, LALR(1) without conflicts.
 *
 * One expression grammar serves tensors, extents, patterns and masks. After a mistake parsing goes on behind the next
 * ';', or at the next item word, so that a missing '}' or ';' costs one message. */
%require "3.8"
%define api.pure full
%define api.prefix {fe_yy}
%define api.token.prefix {FE_TOKEN_}
%define parse.error custom
%define parse.lac full
%define lr.default-reduction consistent
%locations
%expect 0
%define api.location.type {fe_span}
%parse-param {fe_context *c} {void *scanner}
%lex-param {void *scanner}

%code requires {
#include "frontend/parse.h"
#include <string.h>
}
%code {
#define YYLLOC_DEFAULT(out, rhs, n)                                                                   \
    ((out) = (n) ? (fe_span){YYRHSLOC(rhs, 1).begin, YYRHSLOC(rhs, n).end}                             \
                 : (fe_span){YYRHSLOC(rhs, 0).end, YYRHSLOC(rhs, 0).end})
/* Deep enough for FE_MAX_NESTING levels of anything, so that bison's own limit is never met. */
#define YYINITDEPTH 4000
#define YYMAXDEPTH 4000
#define APPEND(list, type, element)                                       \
    do {                                                                  \
        type *element_ = (element);                                       \
        if ((list).last) ((type *)(list).last)->next = element_;          \
        else (list).first = element_;                                     \
        (list).last = element_;                                           \
    } while (0)

int fe_yylex(FE_YYSTYPE *, fe_span *, void *scanner);
const char *fe_yyget_text(void *scanner);
static void fe_yyerror(const fe_span *, fe_context *, void *scanner, const char *message);
static fe_field *new_field(fe_context *, fe_name *, fe_span, fe_type_expr *);
static fe_clause *new_clause(fe_context *, fe_name *, fe_span, fe_expr *, const char *text, fe_span text_at);
static fe_target *new_target(fe_context *, fe_name *, fe_span);
static fe_expr *number(fe_context *, fe_span, fe_expr_kind, int64_t first, int64_t second, double real);
static fe_expr *comparison(fe_context *, fe_operator, fe_span, fe_expr *left, fe_expr *right);
}

%union {
    fe_name *name;
    int64_t integer;
    double real;
    const char *string;
    fe_expr *expr;
    fe_arg *arg;
    fe_type_expr *type;
    fe_field *field;
    fe_clause *clause;
    fe_stmt *stmt;
    fe_list list;
}

%token DIM "'dim'" CONST "'const'" PATTERN "'pattern'" MASK "'mask'" WEIGHT "'weight'" LAYER "'layer'"
%token TRUE "'true'" FALSE "'false'" ARROW "'->'" PIPE "'|>'" RANGE "'..'" EQ "'=='" NE "'!='" LE "'<='" GE "'>='"
%token <name> NAME "a name"
%token <integer> INT "an integer"
%token <real> REAL "a number"
%token <string> STRING "a string"
%token YYEOF 0 "the end of the file"

%type <expr> expr chain unary primary callee
%type <arg> arg element
%type <list> args arg_list elements element_list fields field_list results stmts body clauses targets
%type <type> type
%type <field> field
%type <clause> clause
%type <stmt> stmt
%type <name> arg_name

%left '|'
%left '&'
%left EQ NE '<' LE '>' GE
%left '+' '-'
%left '*' '/'

%%

file: items ;

items: %empty | items item ;

item:
    DIM dims ';'                        { fe_in_step(c); }
  | CONST consts ';'                    { fe_in_step(c); }
  | PATTERN NAME '=' expr ';'           { fe_item_new(c, FE_PATTERN, $2, @2)->value = $4; fe_in_step(c); }
  | MASK NAME '=' expr ';'              { fe_item_new(c, FE_MASK, $2, @2)->value = $4; fe_in_step(c); }
  | WEIGHT NAME ':' type clauses ';'    { fe_item *w = fe_item_new(c, FE_WEIGHT, $2, @2);
                                          w->type = $4; w->clauses = $5.first; fe_in_step(c); }
  | LAYER NAME '(' fields ')' ARROW results body
                                        { fe_item *l = fe_item_new(c, FE_LAYER, $2, @2);
                                          l->inputs = $4.first; l->results = $7.first; l->body = $8.first;
                                          fe_in_step(c); }
  | LAYER error body                    { c->mentions = NULL; fe_in_step(c); }
  | LAYER error                         { c->mentions = NULL; fe_give_up(c); }
  | error ';'                           { c->mentions = NULL; fe_give_up(c); yyerrok; }
  | error '}'                           { c->mentions = NULL; fe_give_up(c); yyerrok; }
  | error                               { c->mentions = NULL; fe_give_up(c); }
  ;

dims: dim | dims ',' dim ;
dim:
    NAME                                { fe_item_new(c, FE_DIM, $1, @1); }
  | NAME '=' expr RANGE expr            { fe_item *d = fe_item_new(c, FE_DIM, $1, @1); d->value = $3; d->hi = $5; }
  | NAME '=' expr RANGE expr NAME expr  { fe_item *d = fe_item_new(c, FE_DIM, $1, @1);
                                          d->value = $3; d->hi = $5; d->step_word = $6; d->step_at = @6; d->step = $7; }
  ;

consts: const | consts ',' const ;
const: NAME '=' expr                    { fe_item_new(c, FE_CONST, $1, @1)->value = $3; } ;

type: NAME '[' nest elements ']'        { c->nesting--; $$ = IR_NEW(c->arena, fe_type_expr);
                                          *$$ = (fe_type_expr){$1, @1, @$, $4.first}; } ;

clauses: %empty                         { $$ = (fe_list){0}; }
  | clauses clause                      { $$ = $1; APPEND($$, fe_clause, $2); }
  ;
clause:
    NAME expr                           { $$ = new_clause(c, $1, @1, $2, NULL, @2); }
  | NAME STRING                         { $$ = new_clause(c, $1, @1, NULL, $2, @2); }
  ;

fields: %empty                          { $$ = (fe_list){0}; }
  | field_list
  ;
field_list:
    field                               { $$ = (fe_list){$1, $1}; }
  | field_list ',' field                { $$ = $1; APPEND($$, fe_field, $3); }
  ;
field: NAME ':' type                    { $$ = new_field(c, $1, @1, $3); } ;

results:
    field                               { $$ = (fe_list){$1, $1}; }
  | '(' field_list ')'                  { $$ = $2; }
  ;

body:
    brace stmts '}'                     { $$ = $2; }
  | brace stmts error                   { $$ = $2; fe_give_up(c); }
  ;
brace: '{'                              { if (YYRECOVERING()) fe_give_up(c); else fe_in_step(c); } ;
stmts: %empty                           { $$ = (fe_list){0}; }
  | stmts stmt                          { $$ = $1; if ($2) APPEND($$, fe_stmt, $2); }
  ;
stmt:
    targets '=' chain ';'               { $$ = IR_NEW(c->arena, fe_stmt); *$$ = (fe_stmt){$1.first, $3, NULL};
                                          fe_in_step(c); }
  | error ';'                           { $$ = NULL; fe_give_up(c); yyerrok; }
  ;
targets:
    NAME                                { fe_target *t = new_target(c, $1, @1); $$ = (fe_list){t, t}; }
  | targets ',' NAME                    { $$ = $1; APPEND($$, fe_target, new_target(c, $3, @3)); }
  ;

chain: expr
  | chain PIPE callee                   { $$ = fe_expr_pipe(c, $1, $3); }
  ;
callee:
    NAME                                { $$ = fe_expr_call(c, $1, @1, NULL, @1); }
  | NAME '(' nest args ')'              { c->nesting--; $$ = fe_expr_call(c, $1, @1, $4.first, @$); }
  ;

expr: unary
  | expr '|' expr                       { $$ = fe_expr_binary(c, FE_OR, @2, $1, $3); }
  | expr '&' expr                       { $$ = fe_expr_binary(c, FE_AND, @2, $1, $3); }
  | expr EQ expr                        { $$ = comparison(c, FE_EQ, @2, $1, $3); if (!$$) YYERROR; }
  | expr NE expr                        { $$ = comparison(c, FE_NE, @2, $1, $3); if (!$$) YYERROR; }
  | expr '<' expr                       { $$ = comparison(c, FE_LT, @2, $1, $3); if (!$$) YYERROR; }
  | expr LE expr                        { $$ = comparison(c, FE_LE, @2, $1, $3); if (!$$) YYERROR; }
  | expr '>' expr                       { $$ = comparison(c, FE_GT, @2, $1, $3); if (!$$) YYERROR; }
  | expr GE expr                        { $$ = comparison(c, FE_GE, @2, $1, $3); if (!$$) YYERROR; }
  | expr '+' expr                       { $$ = fe_expr_binary(c, FE_ADD, @2, $1, $3); }
  | expr '-' expr                       { $$ = fe_expr_binary(c, FE_SUB, @2, $1, $3); }
  | expr '*' expr                       { $$ = fe_expr_binary(c, FE_MUL, @2, $1, $3); }
  | expr '/' expr                       { $$ = fe_expr_binary(c, FE_DIV, @2, $1, $3); }
  ;
unary: primary
  | '-' nest unary                      { c->nesting--; $$ = fe_expr_unary(c, FE_NEG, @1, $3); }
  | '!' nest unary                      { c->nesting--; $$ = fe_expr_unary(c, FE_NOT, @1, $3); }
  ;
primary:
    INT                                 { $$ = number(c, @1, FE_EXPR_INT, $1, 0, 0); }
  | INT ':' INT                         { $$ = number(c, @$, FE_EXPR_NM, $1, $3, 0); }
  | REAL                                { $$ = number(c, @1, FE_EXPR_REAL, 0, 0, $1); }
  | TRUE                                { $$ = number(c, @1, FE_EXPR_TRUTH, 1, 0, 0); }
  | FALSE                               { $$ = number(c, @1, FE_EXPR_TRUTH, 0, 0, 0); }
  | NAME                                { $$ = fe_expr_name(c, $1, @1); }
  | NAME '(' nest args ')'              { c->nesting--; $$ = fe_expr_call(c, $1, @1, $4.first, @$); }
  | '(' nest chain ')'                  { c->nesting--; $$ = $3; $$->parenthesised = true; }
  | '[' nest elements ']'               { c->nesting--; $$ = fe_expr_list(c, $3.first, @$); }
  ;
nest: %empty                            { if (!fe_nest(c, @0)) YYERROR; } ;

args: %empty                            { $$ = (fe_list){0}; }
  | arg_list
  ;
arg_list:
    arg                                 { $$ = (fe_list){$1, $1}; }
  | arg_list ',' arg                    { $$ = $1; APPEND($$, fe_arg, $3); }
  ;
arg:
    chain                               { $$ = fe_arg_new(c, NULL, $1->span, $1); }
  | arg_name '=' chain                  { $$ = fe_arg_new(c, $1, @1, $3); }
  ;
arg_name: NAME
  | DIM                                 { $$ = fe_intern(c, "dim", 3); }
  | CONST                               { $$ = fe_intern(c, "const", 5); }
  | PATTERN                             { $$ = fe_intern(c, "pattern", 7); }
  | MASK                                { $$ = fe_intern(c, "mask", 4); }
  | WEIGHT                              { $$ = fe_intern(c, "weight", 6); }
  | LAYER                               { $$ = fe_intern(c, "layer", 5); }
  ;

elements: %empty                        { $$ = (fe_list){0}; }
  | element_list
  ;
element_list:
    element                             { $$ = (fe_list){$1, $1}; }
  | element_list ',' element            { $$ = $1; APPEND($$, fe_arg, $3); }
  ;
element: chain                          { $$ = fe_arg_new(c, NULL, $1->span, $1); } ;

%%

static fe_field *new_field(fe_context *c, fe_name *name, fe_span at, fe_type_expr *type)
{
    fe_field *f = IR_NEW(c->arena, fe_field);
    *f = (fe_field){.name = name, .at = at, .type = type};
    return f;
}

static fe_clause *new_clause(fe_context *c, fe_name *word, fe_span at, fe_expr *value, const char *text, fe_span text_at)
{
    fe_clause *clause = IR_NEW(c->arena, fe_clause);
    *clause = (fe_clause){.word = word, .at = at, .value = value, .text = text, .text_at = text_at};
    return clause;
}

static fe_target *new_target(fe_context *c, fe_name *name, fe_span at)
{
    fe_target *t = IR_NEW(c->arena, fe_target);
    *t = (fe_target){name, at, NULL};
    return t;
}

static fe_expr *number(fe_context *c, fe_span at, fe_expr_kind kind, int64_t first, int64_t second, double real)
{
    fe_expr *e = fe_expr_new(c, kind, at);
    e->first = first;
    e->second = second;
    e->real = real;
    return e;
}

static bool compares(const fe_expr *e)
{
    return e->kind == FE_EXPR_BINARY && e->op >= FE_EQ && e->op <= FE_GE && !e->parenthesised;
}

static fe_expr *comparison(fe_context *c, fe_operator op, fe_span at, fe_expr *left, fe_expr *right)
{
    if (!compares(left)) return fe_expr_binary(c, op, at, left, right);
    fe_lex_error(c, at, "comparisons do not chain; join two with '&'");
    return NULL;
}

/* Called by bison where memory ran out only: custom messages take yyreport_syntax_error. */
static void fe_yyerror(const fe_span *at, fe_context *c, void *scanner, const char *message)
{
    (void)scanner;
    fe_lex_error(c, *at, "%s", message);
}

enum { MAX_EXPECTED = 40, MAX_NAMED = 5 };

/* Tokens that a message calls by a common name, so that it does not turn into a list of the language. An expression and
 * an operator share '-', which the other tokens of its place make clear. */
static const struct group {
    const char *text, *name;
} groups[] = {
    {"'dim'", "an item"},         {"'const'", "an item"},         {"'pattern'", "an item"},     {"'mask'", "an item"},
    {"'weight'", "an item"},      {"'layer'", "an item"},         {"'|>'", "an operator"},      {"'=='", "an operator"},
    {"'!='", "an operator"},      {"'<='", "an operator"},        {"'>='", "an operator"},      {"'<'", "an operator"},
    {"'>'", "an operator"},       {"'|'", "an operator"},         {"'&'", "an operator"},       {"'+'", "an operator"},
    {"'*'", "an operator"},       {"'/'", "an operator"},         {"'-'", NULL},                {"an integer", "an expression"},
    {"a number", "an expression"}, {"'true'", "an expression"},   {"'false'", "an expression"}, {"'!'", "an expression"},
};

static const char *group_of(const char *text)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (strcmp(groups[i].text, text) == 0) return groups[i].name;
    return text;
}

/* Adds a name unless it is there; returns the new count. */
static int add_name(const char **names, int count, const char *name)
{
    if (!name || count == MAX_NAMED + 1) return count;
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return count;
    names[count] = name;
    return count + 1;
}

static bool expects(const yysymbol_kind_t *expected, int count, yysymbol_kind_t symbol)
{
    for (int i = 0; i < count; i++)
        if (expected[i] == symbol) return true;
    return false;
}

/* What would fit, tokens before groups. An argument's name and an expression's beginning go by "an expression". */
static int name_expected(const yysymbol_kind_t *expected, int count, const char **names)
{
    bool expression = expects(expected, count, YYSYMBOL_REAL);
    int named = 0;
    for (int groups_now = 0; groups_now < 2; groups_now++)
        for (int i = 0; i < count; i++) {
            const char *token = yysymbol_name(expected[i]), *name = group_of(token);
            bool opens = expected[i] == YYSYMBOL_NAME || strcmp(token, "'('") == 0 || strcmp(token, "'['") == 0;
            if (expression && (opens || (name && strcmp(name, "an item") == 0))) name = "an expression";
            if ((name != token) == groups_now) named = add_name(names, named, name);
        }
    return named > MAX_NAMED ? 0 : named;
}

static int yyreport_syntax_error(const yypcontext_t *context, fe_context *c, void *scanner)
{
    yysymbol_kind_t expected[MAX_EXPECTED], found = yypcontext_token(context);
    const char *names[MAX_NAMED + 1], *text = yysymbol_name(found);
    int count = yypcontext_expected_tokens(context, expected, MAX_EXPECTED);
    if (found == YYSYMBOL_NAME || found == YYSYMBOL_INT || found == YYSYMBOL_REAL)
        text = ir_format(c->arena, "'%.60s'", fe_yyget_text(scanner));
    if (expects(expected, count, YYSYMBOL_LAYER) && !expects(expected, count, YYSYMBOL_REAL))
        fe_wrong_item_word(c, *yypcontext_location(context), fe_yyget_text(scanner), text);
    else
        fe_syntax_error(c, *yypcontext_location(context), text, name_expected(expected, count, names), names);
    return 0;
}
