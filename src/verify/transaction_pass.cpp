#include "verify/transaction_pass.hpp"

#include "base/text.hpp"
#include "verify/transaction_row.hpp"

namespace bt2c::verify {

using chaindb::sqlite::Connection;

/// One thread's reading of the table.
struct TransactionPass::Worker {
    Worker(TransactionPass& pass_, bool again_)
        : pass(pass_),
          again(again_),
          connection(pass.context_.source.open()),
          prover(pass.context_, pass.ledger_, pass.validators_, connection),
          pool(pass.table_, pass.states_, prover,
               again ? pass.context_.options.leaves_max : pass.context_.options.leaves_max / 2),
          names(pass.context_.networks),
          judge(pass.context_.networks, prover.book()) {}

    /// What the rows of one block_hash have in common.
    enum class Run { none, block, no_block, unnamed, other_part, unwanted };

    void read(RowRanges& ranges) {
        RowReader reader(connection, "transactions",
                         transaction_columns(connection.has_column("transactions", "is_pending")));
        const auto on_row = [this](const Row& row, std::int64_t rowid) { this->on_row(row, rowid); };
        const auto on_range = [this, &ranges](std::uint64_t rows) {
            if (pass.stream_ && pass.stream_->gave_up()) ranges.stop();
            pool.close();
            run = Run::none;
            pass.context_.progress.advance(rows);
        };
        read_shared(reader, ranges, on_row, on_range);
        if (!again) pass.context_.note_damage("transactions", reader);
    }

    void on_row(const Row& row, std::int64_t rowid) {
        const std::string_view block_hash = row.text(tx_block_hash);
        if (run == Run::none || block_hash != run_text || row.type(tx_block_hash) != run_type)
            begin_run(row, block_hash);
        if (run == Run::other_part || run == Run::unwanted) return;
        const Block* block = run == Run::block ? &pass.table_[number] : nullptr;
        if (!again && !judge_row(row, rowid, block)) return;
        if (!block || block->network == no_network) return;

        Leaf leaf;
        if (read_hash(row, tx_hash, leaf.hash) != HashCell::good && !again)
            judge.report_hash(row, rowid, block->network, block);
        leaf.rowid = rowid;
        leaf.time = TimeKey(row, tx_timestamp);
        pool.add(number, leaf);
        const PaymentKind kind = payment_kind(row);
        if (kind == PaymentKind::none) return;
        pool.add(read_payment(row, rowid, leaf.hash, kind));
    }

    void begin_run(const Row& row, std::string_view block_hash) {
        pool.close();
        run_text = block_hash;
        run_type = row.type(tx_block_hash);
        if (block_hash.empty()) {
            run = again || pass.part_ != 0 ? Run::other_part : Run::unnamed;
            return;
        }
        chain::Hash hash;
        read_hash(row, tx_block_hash, hash);
        number = pass.stream_ ? pass.stream_->find(hash) : pass.table_.find(hash);
        if (number != BlockTable::none)
            run = again && !pass.states_.has(number, BlockStates::selected) ? Run::unwanted : Run::block;
        else if (again || (pass.parts_ > 1 && pass.table_.part_of(hash, pass.parts_) != pass.part_))
            run = Run::other_part;
        else
            run = Run::no_block;
    }

    /// What is said of each row once. False when it is none of the networks to check.
    bool judge_row(const Row& row, std::int64_t rowid, const Block* block) {
        const NetworkId network =
            row.type(tx_network) == ValueType::text ? names.id(row.text(tx_network)) : no_network;
        const NetworkId counted = network != no_network || !block ? network : block->network;
        if (counted == no_network) {
            // A row without a network is nobody else's either.
            if (row.type(tx_network) == ValueType::text) return false;
        } else {
            if (counted >= rows_of.size()) rows_of.resize(counted + std::size_t{1});
            ++rows_of[counted];
        }
        if (run == Run::no_block) judge.report_no_block(row, rowid, network);
        if (run == Run::unnamed && !read_flag(row, tx_is_pending))
            judge.report_not_pending(row, rowid, network);
        if (block && block->network != network) judge.check_network(row, rowid, *block);
        if (row.type(tx_amount) != ValueType::real || !is_amount(row.real(tx_amount)))
            judge.check_amount(row, rowid, counted, block);
        return true;
    }

    void finish() {
        prover.finish();
        const std::lock_guard lock(pass.context_.mutex);
        for (std::size_t id = 0; id < rows_of.size(); ++id)
            pass.context_.networks[static_cast<NetworkId>(id)].transactions += rows_of[id];
    }

    TransactionPass& pass;
    bool again;
    Connection connection;
    BlockProver prover;
    BlockPool pool;
    NetworkNames names;
    TransactionJudge judge;
    std::vector<std::uint64_t> rows_of;  // by network
    Run run = Run::none;
    std::string run_text;
    ValueType run_type = ValueType::null;
    std::uint32_t number = BlockTable::none;
};

bool TransactionPass::run() {
    context_.progress.phase(parts_ == 1
                                ? std::string("checking blocks and transactions")
                                : base::format("checking transactions, part {} of {}", part_ + 1, parts_),
                            0);
    read_all(false);
    if (stream_ && !stream_->finish()) return false;
    while (select_evicted()) {
        context_.progress.phase("checking scattered transactions", 0);
        read_all(true);
    }
    conclude_empty_blocks();
    return true;
}

void TransactionPass::read_all(bool again) {
    RowRanges ranges(context_.options.rowids_per_range);
    std::vector<std::unique_ptr<Worker>> workers(context_.options.threads);
    run_workers(context_.options.threads, [&](unsigned index) {
        workers[index] = std::make_unique<Worker>(*this, again);
        workers[index]->read(ranges);
    });
    for (std::size_t i = 1; i < workers.size(); ++i) workers[0]->pool.merge(workers[i]->pool);
    workers[0]->pool.conclude_all();
    for (const auto& worker : workers) worker->finish();
}

bool TransactionPass::select_evicted() {
    bool selected = false;
    std::uint64_t rows = 0;
    for (std::uint32_t number = 0; number < table_.size(); ++number) {
        states_.clear(number, BlockStates::selected);
        if (!states_.has(number, BlockStates::evicted)) continue;
        const std::uint32_t of_block = states_.rows(number);
        const bool proved = states_.has(number, BlockStates::proved);
        if (proved || of_block > context_.options.leaves_max) {
            states_.clear(number, BlockStates::evicted);
            report_uncounted(table_[number], of_block, proved);
        } else if (rows + of_block <= context_.options.leaves_max) {
            rows += of_block;
            states_.clear(number, BlockStates::evicted);
            states_.set(number, BlockStates::selected);
            selected = true;
        }
    }
    return selected;
}

void TransactionPass::report_uncounted(const Block& block, std::uint32_t rows, bool proved) {
    if (block.network == no_network) return;
    Connection connection = context_.source.open();
    BlockLookup lookup(connection);
    FindingBook book(context_.options.examples_max);
    book.add(Check::merkle_roots, {block.height, block.rowid}, [&] {
        Finding finding;
        finding.table = "blocks";
        finding.key = lookup.key_of(block);
        finding.network = context_.networks.name(block.network);
        if (!block.is(Block::bad_height)) finding.height = block.height;
        finding.expected = proved ? std::string("the transactions of its Merkle root, and no others")
                                  : base::format("at most {} transactions", context_.options.leaves_max);
        finding.found = base::format("{} transactions", rows);
        finding.text = proved ? "the block has transactions beyond those of its Merkle root"
                              : "the block has too many transactions to be checked";
        return finding;
    });
    context_.merge(std::move(book));
}

void TransactionPass::conclude_empty_blocks() {
    Connection connection = context_.source.open();
    BlockProver prover(context_, ledger_, validators_, connection);
    Gathered none;
    for (std::uint32_t number = 0; number < table_.size(); ++number) {
        if (states_.rows(number) != 0) continue;
        const bool matched = prover.matches(table_[number], none);
        prover.conclude(table_[number], none, matched);
    }
    prover.finish();
}

}  // namespace bt2c::verify
