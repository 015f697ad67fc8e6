// SPDX-License-Identifier: MIT
#include "sqlconnection.h"

#include "historystore.h"

#include <QSqlError>
#include <QUuid>

namespace Nettally {

SqlConnection::SqlConnection()
    : m_connectionName(QStringLiteral("nettally-history-")
                       + QUuid::createUuid().toString(QUuid::WithoutBraces))
{
}

SqlConnection::~SqlConnection() = default;

void SqlConnection::close()
{
    if (!m_isOpen) {
        return;
    }
    QSqlDatabase::database(m_connectionName, false).close();
    QSqlDatabase::removeDatabase(m_connectionName);
    // After the driver, which ended them: alone they would each ask a server that may be gone to free them.
    m_statements.clear();
    m_isOpen = false;
}

DatabaseResult SqlConnection::execute(const QString &statement)
{
    QSqlQuery query(connection());
    query.setForwardOnly(true);
    if (!query.exec(statement)) {
        return resultOf(query);
    }
    // Some pragmas do their work row by row.
    while (query.next()) { }
    return resultOf(query);
}

DatabaseResult SqlConnection::readNumber(const QString &statement, qint64 &number)
{
    QSqlQuery query(connection());
    if (!query.exec(statement) || !query.next()) {
        return resultOf(query);
    }
    number = query.value(0).toLongLong();
    return {};
}

DatabaseResult SqlConnection::resultOf(const QSqlQuery &query) const
{
    return query.lastError().type() == QSqlError::NoError ? DatabaseResult() : resultOf(query.lastError());
}

DatabaseResult SqlConnection::prepare(const QString &sql, QSqlQuery *&query)
{
    std::shared_ptr<QSqlQuery> &known = m_statements[sql];
    if (!known) {
        const auto prepared = std::make_shared<QSqlQuery>(connection());
        prepared->setForwardOnly(true);
        if (!prepared->prepare(sql)) {
            return resultOf(*prepared);
        }
        known = prepared;
    }
    query = known.get();
    return {};
}

DatabaseResult SqlConnection::run(const QString &sql, const QVariantList &values, QSqlQuery *&query)
{
    DatabaseResult result = prepare(sql, query);
    if (!result) {
        return result;
    }
    for (qsizetype i = 0; i < values.size(); ++i) {
        query->bindValue(int(i), values.at(i));
    }
    return query->exec() ? DatabaseResult() : resultOf(*query);
}

DatabaseResult SqlConnection::beginReading()
{
    return execute(beginReadingStatement());
}

void SqlConnection::endReading()
{
    // Nothing was changed; a query that was left half read would keep a commit from ending it.
    for (const std::shared_ptr<QSqlQuery> &query : std::as_const(m_statements)) {
        if (query) {
            query->finish();
        }
    }
    if (connection().isOpen()) {
        execute(QStringLiteral("ROLLBACK"));
    }
}

DatabaseResult SqlConnection::begin()
{
    return execute(beginStatement());
}

DatabaseResult SqlConnection::end(const DatabaseResult &result)
{
    DatabaseResult outcome = result ? execute(QStringLiteral("COMMIT")) : result;
    if (!outcome && connection().isOpen()) {
        execute(QStringLiteral("ROLLBACK"));
    }
    return outcome;
}

DatabaseResult SqlConnection::addConnection(const QString &driver, const QString &package,
                                            QSqlDatabase &database)
{
    if (!QSqlDatabase::isDriverAvailable(driver)) {
        return {DatabaseError::Other,
                HistoryStore::tr("Qt's driver %1 is not installed (on Debian: %2)").arg(driver, package)};
    }
    close();
    database = QSqlDatabase::addDatabase(driver, m_connectionName);
    m_isOpen = true;
    return {};
}

} // namespace Nettally
