#include <algorithm>
#include <cstdint>
#include <fstream>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "sample/fault_recipe.hpp"
#include "sample/random.hpp"

// Pages and their types: https://www.sqlite.org/fileformat2.html#b_tree_pages

namespace bt2c::sample {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using chaindb::sqlite::Connection;
using chaindb::sqlite::Statement;
namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(std::string_view why) {
    throw Error(ErrorKind::failed, base::format("cannot inject the fault: {}", why));
}

/// The pages of a database file that nobody has open, read and overwritten by number.
class PageFile {
 public:
    explicit PageFile(const fs::path& path) : file_(path, std::ios::in | std::ios::out | std::ios::binary) {
        Bytes header(100);
        file_.read(reinterpret_cast<char*>(header.data()), static_cast<std::streamsize>(header.size()));
        if (!file_) refuse("the database file cannot be read");
        page_size_ = base::get_be<std::uint16_t>(&header[16]);
        if (page_size_ == 1) page_size_ = 65536;
        if (page_size_ < 512) refuse("the file is no database");
    }
    Bytes read(std::uint32_t page) {
        Bytes bytes(page_size_);
        file_.seekg(offset(page));
        file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        if (!file_) refuse(base::format("page {} cannot be read", page));
        return bytes;
    }
    void write(std::uint32_t page, const Bytes& bytes) {
        file_.seekp(offset(page));
        file_.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        if (!file_.flush()) refuse(base::format("page {} cannot be written", page));
    }

 private:
    std::streamoff offset(std::uint32_t page) const {
        if (page == 0) refuse("the database has a pointer to no page");
        return static_cast<std::streamoff>(page - 1) * static_cast<std::streamoff>(page_size_);
    }
    std::fstream file_;
    std::size_t page_size_ = 0;
};

bool is_interior(const Bytes& page) {
    return page[0] == 2 || page[0] == 5;
}

std::size_t cells(const Bytes& page) {
    const std::size_t count = base::get_be<std::uint16_t>(&page[3]);
    if (12 + 2 * count > page.size()) refuse("the database is damaged already");
    return count;
}

/// The child on the left of cell `cell`; on the right of the last one where there is no such cell.
std::uint32_t child(const Bytes& page, std::size_t cell) {
    if (cell >= cells(page)) return base::get_be<std::uint32_t>(&page[8]);
    const std::size_t pointer = base::get_be<std::uint16_t>(&page[12 + 2 * cell]);
    if (pointer + 4 > page.size()) refuse("the database is damaged already");
    return base::get_be<std::uint32_t>(&page[pointer]);
}

std::uint32_t root_page(const fs::path& path, std::string_view tree) {
    Connection connection = Connection::open(path, Connection::Mode::read_write);
    Statement root = connection.prepare("SELECT rootpage FROM sqlite_master WHERE name = ?1");
    if (!root.bind(1, tree).next()) refuse(base::format("there is no {}", tree));
    return static_cast<std::uint32_t>(root.integer(0));
}

enum class Kind { leaf, interior };

/// The page of that kind in the middle of the tree; an interior one is just above the leaves.
std::uint32_t page_of(PageFile& file, std::uint32_t root, Kind kind) {
    std::uint32_t page = root;
    Bytes bytes = file.read(page);
    if (!is_interior(bytes)) {
        if (kind == Kind::interior) refuse("the chain is too short for its tree to have inner pages");
        return page;
    }
    for (int level = 0; level < 20; ++level) {
        const std::uint32_t below = child(bytes, cells(bytes) / 2);
        Bytes below_bytes = file.read(below);
        if (!is_interior(below_bytes)) return kind == Kind::leaf ? below : page;
        page = below;
        bytes = std::move(below_bytes);
    }
    refuse("the database is damaged already");
}

using Damage = std::function<void(Bytes&)>;

void noise(Bytes& page) {
    Random(7).fill(page);
}
void zeros(Bytes& page) {
    std::fill(page.begin(), page.end(), std::uint8_t{0});
}
/// Of a leaf or interior page: more cells than a page can hold.
void absurd_header(Bytes& page) {
    page[3] = page[4] = 0xFF;
}

Recipe page_fault(std::string_view name, std::string_view description, std::string_view tree, Kind kind,
                  Damage damage) {
    return {{name, "database_pages", description, {"*"}}, {}, [=](const fs::path& path) {
                const std::uint32_t root = root_page(path, tree);
                PageFile file(path);
                const std::uint32_t page = page_of(file, root, kind);
                Bytes bytes = file.read(page);
                damage(bytes);
                file.write(page, bytes);
            }};
}

void swap_leaves(const fs::path& path) {
    const std::uint32_t root = root_page(path, "transactions");
    PageFile file(path);
    const Bytes above = file.read(page_of(file, root, Kind::interior));
    const std::uint32_t first = child(above, 0), second = child(above, 1);
    const Bytes first_bytes = file.read(first), second_bytes = file.read(second);
    file.write(first, second_bytes);
    file.write(second, first_bytes);
}

void count_free_pages(const fs::path& path) {
    PageFile file(path);
    Bytes header = file.read(1);
    header[39] = static_cast<std::uint8_t>(header[39] + 3);  // the number of free pages, big-endian
    file.write(1, header);
}

}  // namespace

std::vector<Recipe> page_faults() {
    constexpr std::string_view rows = "transactions", keys = "sqlite_autoindex_transactions_1";
    return {
        page_fault("noise-in-table-leaf", "a page of transactions is noise", rows, Kind::leaf, noise),
        page_fault("noise-in-table-interior", "an inner page of the transactions' tree is noise", rows,
                   Kind::interior, noise),
        page_fault("noise-in-index-leaf", "a page of the transactions' key index is noise", keys, Kind::leaf,
                   noise),
        page_fault("noise-in-index-interior", "an inner page of the transactions' key index is noise", keys,
                   Kind::interior, noise),
        page_fault("noise-in-blocks-leaf", "a page of blocks is noise", "blocks", Kind::leaf, noise),
        page_fault("noise-in-validators-leaf", "a page of validators is noise", "validators", Kind::leaf,
                   noise),
        page_fault("zeros-in-table-leaf", "a page of transactions is all zeros", rows, Kind::leaf, zeros),
        page_fault("zeros-in-table-interior", "an inner page of the transactions' tree is all zeros", rows,
                   Kind::interior, zeros),
        page_fault("zeros-in-index-leaf", "a page of the transactions' key index is all zeros", keys,
                   Kind::leaf, zeros),
        page_fault("absurd-page-header", "a page of transactions says that it holds 65,535 rows", rows,
                   Kind::leaf, absurd_header),
        {{"swapped-pages", "database_pages", "two pages of transactions have changed places", {"*"}},
         {},
         swap_leaves},
        {{"wrong-free-page-count",
          "database_pages",
          "the header counts free pages that are not there",
          {"*"}},
         {},
         count_free_pages},
        {{"truncated-file", "", "the last quarter of the file is cut off", {}},
         {},
         [](const fs::path& path) { fs::resize_file(path, fs::file_size(path) / 4 * 3); }},
    };
}

}  // namespace bt2c::sample
