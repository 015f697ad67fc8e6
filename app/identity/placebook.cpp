// SPDX-License-Identifier: MIT
#include "placebook.h"

#include "plaintext.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QLocale>
#include <QStandardPaths>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr off_t mostBytes = 1 << 30; ///< the largest files of this kind are half of it
constexpr qsizetype mostNameLength = 120;

QString translated(const char *text)
{
    return QCoreApplication::translate("PlaceBook", text);
}

class Descriptor {
public:
    explicit Descriptor(int fd = -1)
        : m_fd(fd)
    {
    }
    ~Descriptor()
    {
        if (m_fd >= 0)
            ::close(m_fd);
    }
    Descriptor(Descriptor &&other) noexcept
        : m_fd(std::exchange(other.m_fd, -1))
    {
    }
    Descriptor &operator=(Descriptor &&) = delete;
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    int get() const { return m_fd; }

private:
    int m_fd;
};

/// A file without a name: on disk where that can be, so that its pages need not stay in memory.
Descriptor nameless()
{
    const QByteArray folder =
        QFile::encodeName(QStandardPaths::writableLocation(QStandardPaths::GenericCacheLocation));
    const int onDisk =
        folder.isEmpty() ? -1 : ::open(folder.constData(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return Descriptor(onDisk >= 0 ? onDisk : ::memfd_create("nettally-places", MFD_CLOEXEC));
}

bool copy(int from, int to)
{
    std::array<char, 1 << 16> buffer{};
    for (;;) {
        const ssize_t got = ::read(from, buffer.data(), buffer.size());
        if (got == 0)
            return true;
        if (got < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        for (ssize_t written = 0; written < got;) {
            const ssize_t more = ::write(to, buffer.data() + written, size_t(got - written));
            if (more < 0 && errno != EINTR)
                return false;
            written += std::max<ssize_t>(more, 0);
        }
    }
}

} // namespace

/// One open file. Answers std::nullopt, and says why in problem(), from where its data make no sense on.
class PlaceBook::Database {
public:
    /// Null where the file cannot be used; then @p problem says why.
    static std::unique_ptr<Database> open(const QString &path, QString &problem)
    {
        const Descriptor file(::open(QFile::encodeName(path).constData(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        struct stat status { };
        if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
            problem = translated("The file %1 cannot be read (%2): check its permissions, or choose another.")
                          .arg(path, QString::fromLocal8Bit(std::strerror(errno)));
            return nullptr;
        }
        if (!S_ISREG(status.st_mode) || status.st_size > mostBytes) {
            problem = translated("%1 is no file of countries or networks: choose one in MaxMind’s format "
                                 "(.mmdb).")
                          .arg(path);
            return nullptr;
        }
        const Descriptor own = nameless();
        if (own.get() < 0 || !copy(file.get(), own.get())) {
            problem =
                translated("The file %1 cannot be read (%2): check the disk, and whether there is space "
                           "for a copy.")
                    .arg(path, QString::fromLocal8Bit(std::strerror(errno)));
            return nullptr;
        }
        std::unique_ptr<Database> database(new Database(path));
        const QByteArray ownPath = "/proc/self/fd/" + QByteArray::number(own.get());
        const int opened = MMDB_open(ownPath.constData(), MMDB_MODE_MMAP, &database->m_data);
        if (opened != MMDB_SUCCESS) {
            problem = brokenText(path, opened);
            return nullptr;
        }
        database->m_isOpen = true;
        const QString type = QString::fromUtf8(database->m_data.metadata.database_type);
        const auto holds = [&type](const char *word) {
            return type.contains(QLatin1StringView(word), Qt::CaseInsensitive);
        };
        database->hasNetworks = holds("asn") || holds("isp");
        database->hasCountries =
            !database->hasNetworks && (holds("country") || holds("city") || holds("enterprise"));
        if (!database->hasCountries && !database->hasNetworks) {
            problem = translated("The file %1 holds neither countries nor networks (it is of the type “%2”): "
                                 "choose another.")
                          .arg(path, printable(type.left(mostNameLength)));
            return nullptr;
        }
        return database;
    }

    ~Database()
    {
        if (m_isOpen)
            MMDB_close(&m_data);
    }
    Q_DISABLE_COPY_MOVE(Database)

    void tell(const Address &address, Place &place)
    {
        const QByteArray bytes = address.toBytes();
        sockaddr_storage storage{};
        if (address.isV4()) {
            sockaddr_in v4{};
            v4.sin_family = AF_INET;
            std::memcpy(&v4.sin_addr, bytes.constData(), 4);
            std::memcpy(&storage, &v4, sizeof(v4));
        } else {
            // A file of IPv4 alone knows none; asking it would be an error.
            if (m_data.metadata.ip_version != 6)
                return;
            sockaddr_in6 v6{};
            v6.sin6_family = AF_INET6;
            std::memcpy(&v6.sin6_addr, bytes.constData(), 16);
            std::memcpy(&storage, &v6, sizeof(v6));
        }
        int error = MMDB_SUCCESS;
        MMDB_lookup_result_s found =
            MMDB_lookup_sockaddr(&m_data, reinterpret_cast<const sockaddr *>(&storage), &error);
        if (error != MMDB_SUCCESS) {
            m_problem = brokenText(m_path, error);
            return;
        }
        if (!found.found_entry)
            return;
        if (hasCountries) {
            const QString code = text(found, {"country", "iso_code"});
            const auto isCapital = [](QChar letter) { return letter >= u'A' && letter <= u'Z'; };
            if (code.size() == 2 && std::all_of(code.cbegin(), code.cend(), isCapital)) {
                place.countryCode = code;
                place.country = countryName(found, code);
            }
        }
        if (hasNetworks) {
            place.networkNumber = number(found, "autonomous_system_number");
            if (place.networkNumber != 0)
                place.network = text(found, {"autonomous_system_organization"});
        }
    }

    /// Why the file is no longer to be asked; empty while it may be.
    const QString &problem() const { return m_problem; }

    bool hasCountries = false;
    bool hasNetworks = false;

private:
    explicit Database(const QString &path)
        : m_path(path)
    {
    }

    static QString brokenText(const QString &path, int error)
    {
        return translated("The file %1 is damaged (%2): get it again, or choose another.")
            .arg(path, QString::fromLatin1(MMDB_strerror(error)));
    }

    std::optional<MMDB_entry_data_s> value(MMDB_lookup_result_s &found, std::vector<const char *> path)
    {
        path.push_back(nullptr);
        MMDB_entry_data_s data{};
        const int error = MMDB_aget_value(&found.entry, &data, path.data());
        if (error == MMDB_SUCCESS && data.has_data)
            return data;
        if (error != MMDB_SUCCESS && error != MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
            m_problem = brokenText(m_path, error);
        return std::nullopt;
    }

    QString text(MMDB_lookup_result_s &found, const std::vector<const char *> &path)
    {
        const std::optional<MMDB_entry_data_s> data = value(found, path);
        if (!data || data->type != MMDB_DATA_TYPE_UTF8_STRING)
            return {};
        return printable(QString::fromUtf8(data->utf8_string, qsizetype(data->data_size)))
            .left(mostNameLength);
    }

    quint32 number(MMDB_lookup_result_s &found, const char *key)
    {
        const std::optional<MMDB_entry_data_s> data = value(found, {key});
        return data && data->type == MMDB_DATA_TYPE_UINT32 ? data->uint32 : 0;
    }

    QString countryName(MMDB_lookup_result_s &found, const QString &code)
    {
        const QByteArray territorial = QLocale().name().replace(u'_', u'-').toLatin1();
        const QByteArray language = territorial.left(territorial.indexOf('-'));
        for (const QByteArray &tongue : {territorial, language, QByteArray("en")}) {
            if (const QString name = text(found, {"country", "names", tongue.constData()}); !name.isEmpty())
                return name;
        }
        const QLocale::Territory territory = QLocale::codeToTerritory(code);
        return territory == QLocale::AnyTerritory ? code : QLocale::territoryToString(territory);
    }

    QString m_path;
    QString m_problem;
    MMDB_s m_data{};
    bool m_isOpen = false;
};

QString PlaceBook::Place::networkText() const
{
    if (networkNumber == 0)
        return {};
    const QString number = u"AS%1"_s.arg(networkNumber);
    return network.isEmpty() ? number : u"%1 (%2)"_s.arg(network, number);
}

PlaceBook::PlaceBook(const QStringList &folders)
    : m_folders(folders)
{
}

PlaceBook::~PlaceBook() = default;

QStringList PlaceBook::usualFolders()
{
    return {QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + u"/GeoIP"_s,
            u"/var/lib/GeoIP"_s, u"/usr/share/GeoIP"_s};
}

PlaceBook::Stamp PlaceBook::stampOf(const QString &path)
{
    Stamp stamp;
    stamp.path = path;
    struct stat status { };
    if (::stat(QFile::encodeName(path).constData(), &status) == 0) {
        stamp.device = status.st_dev;
        stamp.inode = status.st_ino;
        stamp.sizeBytes = status.st_size;
        stamp.modifiedNs = qint64(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
    }
    return stamp;
}

/// In the order in which they are preferred: what was chosen, then small files before large ones, and of
/// dated names the newest.
QList<PlaceBook::Stamp> PlaceBook::candidates() const
{
    QList<Stamp> found;
    for (const QString &path : m_chosen)
        found.append(stampOf(path));
    for (const QString &folder : m_folders) {
        const QDir place(folder);
        for (const QString &kind : {u"*country*.mmdb"_s, u"*city*.mmdb"_s, u"*asn*.mmdb"_s}) {
            const QStringList names =
                place.entryList({kind}, QDir::Files | QDir::Readable, QDir::Name | QDir::Reversed);
            for (const QString &name : names) {
                if (name.startsWith(u"GeoLite2-"_s, Qt::CaseInsensitive)
                    || name.startsWith(u"GeoIP2-"_s, Qt::CaseInsensitive)
                    || name.startsWith(u"dbip-"_s, Qt::CaseInsensitive))
                    found.append(stampOf(place.filePath(name)));
            }
        }
    }
    return found;
}

bool PlaceBook::refresh()
{
    const QList<Stamp> stamps = candidates();
    if (m_isRead && stamps == m_stamps)
        return false;
    const bool isNothingNew = stamps.isEmpty() && m_stamps.isEmpty();
    m_isRead = true;
    m_stamps = stamps;
    if (isNothingNew)
        return false;
    ++m_generation;
    m_countries.reset();
    m_networks.reset();
    m_problem.clear();
    for (qsizetype i = 0; i < stamps.size(); ++i) {
        const bool isChosen = i < m_chosen.size();
        if (!isChosen && m_countries && m_networks)
            break;
        // Its name tells, so that what is not needed need not be copied.
        const bool isOfNetworks =
            QFileInfo(stamps.at(i).path).fileName().contains(u"asn"_s, Qt::CaseInsensitive);
        if (!isChosen && (isOfNetworks ? m_networks : m_countries))
            continue;
        QString problem;
        std::unique_ptr<Database> database = Database::open(stamps.at(i).path, problem);
        if (!database) {
            if (m_problem.isEmpty())
                m_problem = problem;
            continue;
        }
        std::unique_ptr<Database> &kept = database->hasNetworks ? m_networks : m_countries;
        if (!kept)
            kept = std::move(database);
    }
    return true;
}

void PlaceBook::dropBroken(std::unique_ptr<Database> &database, const QString &problem)
{
    m_problem = problem;
    database.reset();
    ++m_generation;
}

PlaceBook::Place PlaceBook::placeOf(const Address &address)
{
    Place place;
    if (!address.isKnown())
        return place;
    for (std::unique_ptr<Database> *database : {&m_countries, &m_networks}) {
        if (!*database)
            continue;
        (*database)->tell(address, place);
        if (const QString problem = (*database)->problem(); !problem.isEmpty()) {
            dropBroken(*database, problem);
            return {};
        }
    }
    return place;
}

} // namespace Nettally
