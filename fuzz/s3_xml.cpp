// What an S3 service answers: lists of objects, errors, configurations.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "storage/s3/answers.hpp"
#include "storage/s3/xml.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    const std::string_view text = base::as_text({data, size});
    std::size_t told = 0;
    static_cast<void>(storage::s3::read_xml(text, [&](std::string_view path, std::string_view own) {
        BT2C_ASSERT(path.size() <= 16 * 65);
        told += own.size();
    }));
    BT2C_ASSERT(told <= size);  // no entity becomes longer than it was
    const storage::s3::ServiceError error = storage::s3::parse_error(text);
    BT2C_ASSERT(error.code.size() <= 64);
    static_cast<void>(storage::s3::says_object_lock(text));
    try {
        const storage::s3::ListPage page = storage::s3::parse_list(text);
        BT2C_ASSERT(page.truncated != page.next.empty());
        for (const storage::ObjectInfo& object : page.objects) BT2C_ASSERT(!object.name.empty());
    } catch (const base::Error&) {
    }
    return 0;
}
