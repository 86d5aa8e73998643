/* types: element types, and types made unique per module so that they compare by pointer. */
#include "ir/intern.h"

#include <assert.h>
#include <string.h>

const ir_dtype_info *ir_dtype_of(ir_dtype dtype)
{
    static const ir_dtype_info table[IR_DTYPE_COUNT] = {
        [IR_NO_DTYPE] = {"?", 0, '?'},
#define DTYPE(name, NAME, bytes, class) [IR_##NAME] = {#name, bytes, #class[0]},
#include "ir/dtypes.def"
#undef DTYPE
    };
    return &table[(unsigned)dtype < IR_DTYPE_COUNT ? dtype : IR_NO_DTYPE];
}

static bool same_request(const rt_storage_request *a, const rt_storage_request *b)
{
    int64_t pad_a = a->pad > 1 ? a->pad : 0, pad_b = b->pad > 1 ? b->pad : 0;
    int scale_a = a->crd_scale ? a->crd_scale : 1, scale_b = b->crd_scale ? b->crd_scale : 1;
    return strcmp(a->name, b->name) == 0 && a->dtype == b->dtype && a->rows == b->rows && a->cols == b->cols &&
           a->transposed == b->transposed && a->ktile == b->ktile && a->nnz == b->nnz && pad_a == pad_b &&
           scale_a == scale_b;
}

static bool same_storage(const void *item, const void *key)
{
    return same_request(&((const rt_storage *)item)->request, &((const rt_storage *)key)->request);
}

/* A storage follows from its request, so the request is its identity. */
static const rt_storage *intern_storage(ir_module *m, const rt_storage *storage)
{
    const rt_storage_request *r = &storage->request;
    uint64_t hash = ir_hash_text(r->name);
    hash = ir_hash_word(hash, (uint64_t)r->rows);
    hash = ir_hash_word(hash, (uint64_t)r->cols);
    hash = ir_hash_word(hash, (uint64_t)r->ktile);
    const rt_storage *found = ir_set_find(&m->tables->storages, hash, same_storage, storage);
    if (found) return found;
    rt_storage *copy = IR_NEW(m->arena, rt_storage);
    *copy = *storage;
    ir_set_add(&m->tables->storages, m->arena, hash, copy);
    return copy;
}

static bool same_type(const void *item, const void *key)
{
    const ir_type *a = item, *b = key;
    if (a->kind != b->kind || a->dtype != b->dtype || a->lanes != b->lanes || a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i]) return false;
    return a->storage == b->storage;
}

static const ir_type *intern_type(ir_module *m, const ir_type *type)
{
    uint64_t hash = ir_hash_word((uint64_t)type->kind, (uint64_t)type->dtype);
    hash = ir_hash_word(hash, (uint64_t)type->lanes);
    for (int i = 0; i < type->rank; i++) hash = ir_hash_word(hash, (uint64_t)(uintptr_t)type->dims[i]);
    hash = ir_hash_word(hash, (uint64_t)(uintptr_t)type->storage);
    const ir_type *found = ir_set_find(&m->tables->types, hash, same_type, type);
    if (found) return found;
    ir_type *copy = IR_NEW(m->arena, ir_type);
    *copy = *type;
    ir_set_add(&m->tables->types, m->arena, hash, copy);
    return copy;
}

const ir_type *ir_void(ir_module *m) { return intern_type(m, &(ir_type){.kind = IR_VOID}); }

const ir_type *ir_scalar(ir_module *m, ir_dtype dtype)
{
    return intern_type(m, &(ir_type){.kind = IR_SCALAR, .dtype = dtype, .lanes = 1});
}

const ir_type *ir_vector(ir_module *m, ir_dtype dtype, int lanes)
{
    assert(lanes >= 1);
    ir_type_kind kind = lanes == 1 ? IR_SCALAR : IR_VECTOR;
    return intern_type(m, &(ir_type){.kind = kind, .dtype = dtype, .lanes = lanes});
}

const ir_type *ir_buffer(ir_module *m, ir_dtype dtype)
{
    return intern_type(m, &(ir_type){.kind = IR_BUFFER, .dtype = dtype});
}

const ir_type *ir_reg_type(ir_module *m, const ir_type *content)
{
    assert(content->kind == IR_SCALAR || content->kind == IR_VECTOR);
    return intern_type(m, &(ir_type){.kind = IR_REG, .dtype = content->dtype, .lanes = content->lanes});
}

const ir_type *ir_tensor(ir_module *m, ir_dtype dtype, int rank, const ir_extent *const *dims)
{
    assert(rank >= 0 && rank <= IR_MAX_RANK);
    ir_type type = {.kind = IR_TENSOR, .dtype = dtype, .rank = rank};
    for (int i = 0; i < rank; i++) type.dims[i] = dims[i];
    return intern_type(m, &type);
}

const ir_type *ir_tensor_stored(ir_module *m, const ir_type *tensor, const rt_storage *storage)
{
    assert(tensor->kind == IR_TENSOR);
    ir_type type = *tensor;
    type.storage = storage ? intern_storage(m, storage) : NULL;
    return intern_type(m, &type);
}

const ir_type *ir_type_with_dtype(ir_module *m, const ir_type *type, ir_dtype dtype)
{
    if (type->dtype == dtype) return type;
    ir_type other = *type;
    other.dtype = dtype;
    return intern_type(m, &other);
}

int ir_lanes(const ir_type *type) { return type->lanes ? type->lanes : 1; }
