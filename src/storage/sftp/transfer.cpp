#include "storage/sftp/transfer.hpp"

#include <algorithm>
#include <deque>

namespace bt2c::storage::sftp {

namespace {

struct Read {
    SftpSession::Id id;
    std::uint64_t at;  ///< from the wanted part's beginning
    std::size_t size;
};

}  // namespace

Answer upload(SftpSession& session, const std::string& handle, base::ByteView contents, std::size_t from,
              RateLimit& limit) {
    std::deque<SftpSession::Id> under_way;
    Answer failure;
    const auto settle = [&] {
        Answer answer = session.answer(under_way.front());
        under_way.pop_front();
        if (failure.is_ok()) failure = std::move(answer);
    };
    const std::size_t piece_bytes = session.piece_bytes(),
                      pieces_ahead = session.window_bytes() / piece_bytes;
    for (std::size_t at = from; at < contents.size() && failure.is_ok(); at += piece_bytes) {
        const base::ByteView piece = contents.subspan(at, std::min(piece_bytes, contents.size() - at));
        limit.pass(piece.size());
        under_way.push_back(session.send(Packet(Type::write).text(handle).offset(at).data(piece)));
        if (under_way.size() == pieces_ahead) settle();
    }
    while (!under_way.empty()) settle();
    return failure;
}

base::Bytes download(SftpSession& session, const std::string& handle, std::uint64_t offset,
                     std::uint64_t size, Answer& failure) {
    base::Bytes contents;
    std::deque<Read> under_way;
    const auto ask = [&](std::uint64_t at, std::size_t wanted) {
        const auto number = static_cast<std::uint32_t>(wanted);
        under_way.push_back(
            {session.send(Packet(Type::read).text(handle).offset(offset + at).number(number)), at, wanted});
    };
    const std::size_t piece_bytes = session.piece_bytes(),
                      pieces_ahead = session.window_bytes() / piece_bytes;
    std::uint64_t asked = 0;
    while (failure.is_ok() && (asked < size || !under_way.empty())) {
        if (asked < size && under_way.size() < pieces_ahead) {
            const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, size - asked));
            // Grows with what was asked for and not by what the server says that it has.
            contents.resize(static_cast<std::size_t>(asked) + wanted);
            ask(asked, wanted);
            asked += wanted;
            continue;
        }
        const Read read = under_way.front();
        under_way.pop_front();
        Answer answer = session.answer(read.id);
        if (!answer.is_ok()) {
            failure = std::move(answer);
            break;
        }
        const auto data = read_data(answer);
        if (!data || data->empty() || data->size() > read.size) session.broke_protocol();
        std::ranges::copy(*data, contents.begin() + static_cast<std::ptrdiff_t>(read.at));
        if (data->size() < read.size) ask(read.at + data->size(), read.size - data->size());
    }
    for (const Read& read : under_way) session.answer(read.id);
    return contents;
}

}  // namespace bt2c::storage::sftp
