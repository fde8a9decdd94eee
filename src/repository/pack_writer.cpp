#include "repository/pack_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/seal.hpp"

namespace bt2c::repository {
namespace {

/// With one thread that stores; each further one takes one more.
constexpr std::size_t packs_in_flight = 3;

struct OpenPack {
    ObjectId id;
    crypto::Sealer sealer;
    base::Bytes bytes;
    PackDirectory directory;

    OpenPack(const ObjectId& name, const RepositoryKeys::NewObject& object, PackDirectory of)
        : id(name), sealer(object.key), directory(std::move(of)) {
        bytes.reserve(pack_bytes_target + blob_bytes_max);
        bytes.assign(object.front.begin(), object.front.end());
        directory.front_bytes = static_cast<std::uint32_t>(bytes.size());
    }

    void seal(std::uint64_t number, base::ByteView plain) {
        const std::size_t before = bytes.size();
        bytes.resize(before + plain.size() + crypto::seal_tag_bytes);
        sealer.seal(number, plain, base::MutableBytes(bytes).subspan(before));
    }

    void close() {
        const std::size_t before = bytes.size();
        seal(directory_number, directory.encode());
        base::put_le(bytes, static_cast<std::uint32_t>(bytes.size() - before));
        bytes.insert(bytes.end(), pack_end.begin(), pack_end.end());
    }
};

}  // namespace

struct PackWriter::State {
    storage::Location& location;
    const RepositoryKeys& keys;
    ObjectId backup;
    std::uint32_t page_size;
    crypto::SecretBytes secret = keys.new_backup_secret();

    std::optional<OpenPack> open;
    std::uint32_t packs_begun = 0;

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<OpenPack> waiting;
    std::vector<StoredPack> stored;
    std::exception_ptr failure;
    std::vector<ObjectId> stored_ids;  // also of packs whose storing failed half way
    std::size_t storing = 0;
    bool closing = false;
    bool committed = false;
    std::vector<std::thread> threads;

    State(storage::Location& where, const RepositoryKeys& with, const ObjectId& owner, std::uint32_t size)
        : location(where), keys(with), backup(owner), page_size(size) {
        try {
            while (threads.size() < location.puts_at_once()) threads.emplace_back([this] { store_packs(); });
        } catch (...) {
            end_threads();
            throw;
        }
    }

    ~State() {
        end_threads();
        if (!committed) discard();
    }

    void end_threads() {
        {
            const std::lock_guard lock(mutex);
            closing = true;
            waiting.clear();
        }
        changed.notify_all();
        for (std::thread& thread : threads) thread.join();
    }

    /// Nobody but this writer knows these packs. What cannot be removed is left to a later prune.
    void discard() noexcept {
        for (const ObjectId& id : stored_ids) try {
                location.remove(object_name(ObjectType::pack, id));
            } catch (const std::exception&) {
            }
    }

    void store_packs() {
        std::unique_lock lock(mutex);
        for (;;) {
            changed.wait(lock, [&] { return closing || !waiting.empty(); });
            if (waiting.empty() || failure) return;
            OpenPack pack = std::move(waiting.front());
            waiting.pop_front();
            ++storing;
            stored_ids.push_back(pack.id);
            lock.unlock();
            std::exception_ptr error;
            bool taken = false;
            try {
                taken = !location.put(object_name(ObjectType::pack, pack.id), pack.bytes);
                if (taken)
                    throw base::Error(
                        base::ErrorKind::failed,
                        base::format("cannot store pack {}: its name is taken", pack.id.brief()));
            } catch (base::Error& failed) {
                if (failed.state().empty()) failed.state("no backup was made; earlier ones are untouched");
                error = std::current_exception();
            } catch (...) {
                error = std::current_exception();
            }
            lock.lock();
            if (taken) std::erase(stored_ids, pack.id);  // it is somebody else's
            --storing;
            if (error)
                failure = error;
            else
                stored.push_back({pack.id, pack.bytes.size(), std::move(pack.directory)});
            changed.notify_all();
            if (failure) return;
        }
    }

    void hand_over() {
        open->close();
        std::unique_lock lock(mutex);
        changed.wait(
            lock, [&] { return failure || waiting.size() + storing < packs_in_flight + threads.size() - 1; });
        if (failure) std::rethrow_exception(failure);
        waiting.push_back(std::move(*open));
        lock.unlock();
        changed.notify_all();
        open.reset();
    }
};

PackWriter::PackWriter(storage::Location& location, const RepositoryKeys& keys, const ObjectId& backup,
                       std::uint32_t page_size)
    : state_(std::make_unique<State>(location, keys, backup, page_size)) {}
PackWriter::~PackWriter() = default;

BlobReference PackWriter::add(BlobKind kind, base::ByteView payload, std::uint32_t plain_bytes,
                              std::uint32_t first_page, std::uint32_t page_count) {
    BT2C_ASSERT(plain_bytes <= blob_bytes_max && payload.size() + crypto::seal_tag_bytes <= blob_bytes_max);
    if (!state_->open) {
        const ObjectId id = ObjectId::random();
        state_->open.emplace(id, state_->keys.new_object(ObjectType::pack, id, state_->secret),
                             PackDirectory{state_->backup, state_->packs_begun++, state_->page_size, {}});
    }
    OpenPack& pack = *state_->open;
    const auto number = static_cast<std::uint32_t>(pack.directory.blobs.size());
    const auto offset = static_cast<std::uint32_t>(pack.bytes.size());
    pack.seal(number, payload);
    pack.directory.blobs.push_back({kind, offset,
                                    static_cast<std::uint32_t>(payload.size() + crypto::seal_tag_bytes),
                                    plain_bytes, first_page, page_count});
    const BlobReference reference{pack.directory.number, number};
    if (pack.bytes.size() >= pack_bytes_target) state_->hand_over();
    return reference;
}

std::vector<StoredPack> PackWriter::finish() {
    if (state_->open) state_->hand_over();
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(
        lock, [&] { return state_->failure || (state_->waiting.empty() && state_->storing == 0); });
    if (state_->failure) std::rethrow_exception(state_->failure);
    std::ranges::sort(state_->stored, {}, [](const StoredPack& pack) { return pack.directory.number; });
    return std::move(state_->stored);
}

const crypto::SecretBytes& PackWriter::backup_secret() const {
    return state_->secret;
}

void PackWriter::commit() {
    state_->committed = true;
}

}  // namespace bt2c::repository
