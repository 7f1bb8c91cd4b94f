// A consumer in C++ that uses only what was installed: walks the conformance vectors.
// Usage: vectors FOLDER
#include <seihalt.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

// The vectors are flat objects of strings, numbers, true, false and null: values stay texts.
struct Value {
    std::string text;
    bool null = false;
};
using Row = std::map<std::string, Value>;

[[noreturn]] void die(const std::string &what)
{
    std::cerr << what << "\n";
    std::exit(1);
}

class Reader {
  public:
    explicit Reader(std::string text) : text_(std::move(text)) {}

    std::vector<Row> rows()
    {
        at_ = text_.find("\"vectors\":");
        if (at_ == std::string::npos)
            die("no vectors");
        at_ = text_.find('[', at_) + 1;
        std::vector<Row> out;
        while (next() == '{')
            out.push_back(row());
        return out;
    }

  private:
    char next()
    {
        while (at_ < text_.size() && std::string(" \t\r\n,:").find(text_[at_]) != std::string::npos)
            at_++;
        return at_ < text_.size() ? text_[at_] : '\0';
    }

    void append_utf8(std::string &out, unsigned long point)
    {
        if (point < 0x80) {
            out += static_cast<char>(point);
            return;
        }
        int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        const unsigned long lead[] = {0, 0xc0, 0xe0, 0xf0};
        out += static_cast<char>(lead[more] | point >> 6 * more);
        while (more-- > 0)
            out += static_cast<char>(0x80 | (point >> 6 * more & 0x3f));
    }

    unsigned long hex4()
    {
        at_ += 4;
        return std::stoul(text_.substr(at_ - 4, 4), nullptr, 16);
    }

    std::string string()
    {
        std::string out;
        for (at_++; text_.at(at_) != '"';) {
            char c = text_[at_++];
            if (c != '\\') {
                out += c;
                continue;
            }
            c = text_.at(at_++);
            const std::string from = "bfnrt", to = "\b\f\n\r\t";
            if (c == 'u') {
                unsigned long point = hex4();
                if (point >= 0xd800 && point < 0xdc00) {
                    at_ += 2;
                    point = 0x10000 + ((point - 0xd800) << 10) + (hex4() - 0xdc00);
                }
                append_utf8(out, point);
            } else {
                std::size_t i = from.find(c);
                out += i == std::string::npos ? c : to[i];
            }
        }
        at_++;
        return out;
    }

    Row row()
    {
        Row out;
        at_++;
        while (next() == '"') {
            std::string key = string();
            Value value;
            if (next() == '"') {
                value.text = string();
            } else {
                std::size_t end = text_.find_first_of(",}\n", at_);
                value.text = text_.substr(at_, end - at_);
                value.null = value.text == "null";
                at_ = end;
            }
            out[key] = value;
        }
        at_++;
        return out;
    }

    std::string text_;
    std::size_t at_ = 0;
};

std::vector<Row> load(const std::string &folder, const std::string &name)
{
    std::ifstream file(folder + "/" + name + ".json", std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::vector<Row> rows = Reader(text).rows();
    if (rows.size() < 10)
        die(name + ": too few vectors");
    std::cout << name << ": " << rows.size() << "\n";
    return rows;
}

const Value &value(const Row &row, const char *key)
{
    auto found = row.find(key);
    if (found == row.end())
        die(std::string("no ") + key);
    return found->second;
}

std::int64_t number(const Row &row, const char *key)
{
    return std::strtoll(value(row, key).text.c_str(), nullptr, 10);
}

std::string bytes(const Row &row, const char *key)
{
    const std::string &hex = value(row, key).text;
    std::string out;
    if (value(row, key).null)
        return out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return out;
}

void expect(bool good, const Row &row, const char *what)
{
    if (good)
        return;
    auto name = row.find("name");
    die(std::string(what) + " differs: " +
        (name == row.end() ? row.begin()->second.text : name->second.text));
}

void exit_codes(const std::string &folder)
{
    for (const Row &row : load(folder, "exit_codes")) {
        int code = static_cast<int>(number(row, "code"));
        sei_halt_reason reason = SEI_HALT_DOWNGRADE_DETECTED;
        bool known = sei_halt_parse_exit_code(code, &reason);
        expect(known == (value(row, "contract").text == "true"), row, "contract");
        expect(reason == number(row, "reason"), row, "reason");
        expect(sei_halt_reason_string(code) == value(row, "token").text, row, "token");
        expect(sei_halt_class_string(sei_halt_classify_exit_code(code)) == value(row, "class").text,
               row, "class");
    }
}

void wait_statuses(const std::string &folder)
{
    for (const Row &row : load(folder, "wait_statuses")) {
        int detail = -1;
        sei_halt_class found =
            sei_halt_classify_wait_status(static_cast<int>(number(row, "status")), &detail);
        expect(sei_halt_class_string(found) == value(row, "class").text, row, "class");
        expect(detail == number(row, "detail"), row, "detail");
    }
}

void encode(const std::string &folder)
{
    for (const Row &row : load(folder, "encode")) {
        std::string token = bytes(row, "reason_string_hex"), plan = bytes(row, "plan_name_hex"),
                    info = bytes(row, "info_hex");
        sei_halt_intent intent = SEI_HALT_INTENT_INIT;
        intent.reason = number(row, "reason");
        if (!value(row, "reason_string_hex").null)
            intent.reason_string = {token.data(), token.size()};
        intent.plan_name = {plan.data(), plan.size()};
        intent.info = {info.data(), info.size()};
        intent.height = number(row, "height");
        intent.announced_s = number(row, "announced_s");
        intent.announced_ns = static_cast<std::int32_t>(number(row, "announced_ns"));
        char out[4096];
        std::size_t len = 0;
        int result = sei_halt_intent_encode(&intent, out, sizeof out, &len);
        expect(result == number(row, "result"), row, "result");
        if (result == 0)
            expect(std::string(out, len) == value(row, "json").text, row, "json");
    }
}

std::string text(sei_halt_text t)
{
    return t.len ? std::string(t.data, t.len) : std::string();
}

void decode(const std::string &folder)
{
    for (const Row &row : load(folder, "decode")) {
        std::string json = bytes(row, "json_hex");
        std::vector<char> memory(json.size() + 1);
        sei_halt_intent intent = SEI_HALT_INTENT_INIT;
        std::size_t at = 0;
        int result = sei_halt_intent_decode(json.data(), json.size(), &intent, memory.data(),
                                            json.size(), &at);
        expect(result == number(row, "result"), row, "result");
        if (result < 0)
            expect(at == static_cast<std::size_t>(number(row, "at")), row, "position");
        if (result != 0)
            continue;
        expect(intent.reason == number(row, "reason"), row, "reason");
        expect(intent.height == number(row, "height"), row, "height");
        expect(text(intent.reason_string) == bytes(row, "reason_string_hex"), row, "token");
        expect(text(intent.plan_name) == bytes(row, "plan_name_hex"), row, "plan");
        expect(text(intent.info) == bytes(row, "info_hex"), row, "info");
        expect(intent.announced_s == number(row, "announced_s"), row, "announced_s");
        expect(intent.announced_ns == number(row, "announced_ns"), row, "announced_ns");
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2)
        die("usage: vectors FOLDER");
    exit_codes(argv[1]);
    wait_statuses(argv[1]);
    encode(argv[1]);
    decode(argv[1]);
    std::cout << "libseihalt " << sei_halt_version() << "\n";
    return 0;
}
