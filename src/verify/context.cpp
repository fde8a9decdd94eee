#include "verify/context.hpp"

#include <exception>
#include <thread>

namespace bt2c::verify {

void Context::note_damage(const std::string& table, const RowReader& reader) {
    const std::lock_guard lock(mutex);
    for (const DamagedRange& range : reader.damaged()) damage.push_back({table, range});
}

void run_workers(unsigned threads, const std::function<void(unsigned)>& work) {
    std::vector<std::exception_ptr> failures(threads);
    const auto guarded = [&](unsigned index) {
        try {
            work(index);
        } catch (...) {
            failures[index] = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> others;
        for (unsigned index = 1; index < threads; ++index) others.emplace_back(guarded, index);
        guarded(0);
    }
    for (const std::exception_ptr& failure : failures)
        if (failure) std::rethrow_exception(failure);
}

}  // namespace bt2c::verify
