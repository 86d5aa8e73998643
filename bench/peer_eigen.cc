/* peer_eigen: Eigen's sparse matrix times a dense one, both row-major; linear is the product's transpose, computed as
 * x times the transpose of the weight. */
#include "peers.h"
#include <Eigen/Sparse>

namespace {
using Sparse = Eigen::SparseMatrix<float, Eigen::RowMajor, int>;
using Dense = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct held {
    Sparse weight;
    bench_problem problem;
};
} // namespace

extern "C" void *bench_eigen_open(const bench_problem *p)
{
    const bench_matrix *m = p->matrix;
    held *h = new held{Sparse(m->rows, m->cols), *p};
    std::vector<Eigen::Triplet<float>> entries;
    for (int64_t r = 0; r < m->rows; r++)
        for (int64_t i = m->start[r]; i < m->start[r + 1]; i++)
            entries.emplace_back((int)r, (int)m->col[i], m->dense[r * m->cols + m->col[i]]);
    h->weight.setFromTriplets(entries.begin(), entries.end());
    h->weight.makeCompressed();
    return h;
}

extern "C" void bench_eigen_run(void *object)
{
    held *h = static_cast<held *>(object);
    const bench_problem &p = h->problem;
    const int64_t rows = p.matrix->rows, cols = p.matrix->cols;
    if (p.linear) {
        Eigen::Map<const Dense> x(p.x, p.n, cols);
        Eigen::Map<Dense> y(p.y, p.n, rows);
        y.noalias() = x * h->weight.transpose();
    } else if (p.n == 1) {
        Eigen::Map<const Eigen::VectorXf> x(p.x, cols);
        Eigen::Map<Eigen::VectorXf> y(p.y, rows);
        y.noalias() = h->weight * x;
    } else {
        Eigen::Map<const Dense> x(p.x, cols, p.n);
        Eigen::Map<Dense> y(p.y, rows, p.n);
        y.noalias() = h->weight * x;
    }
}

extern "C" void bench_eigen_close(void *object) { delete static_cast<held *>(object); }
