// SPDX-License-Identifier: MIT
#include "scriptname.h"

#include <QRegularExpression>
#include <QStringList>

#include <array>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// How a language's interpreter reads its command line, up to what it runs.
struct Interpreter {
    const char *names; ///< of executables, as a regular expression
    const char *flags; ///< letters of options without a value, that may stand together
    const char *attached; ///< letters of options whose value, if any, is the rest of the word
    const char *valued; ///< letters of options whose value is the rest of the word, else the next one
    const char *longFlags; ///< long options without a value; one with "=" needs not to be known
    const char *longValued; ///< long options whose value is the next word
    const char *runs; ///< letters of options after which there is no script
    const char *module; ///< the option whose value is what it runs
};

constexpr std::array interpreters = {
    Interpreter{"python[0-9.]*|pypy[0-9.]*", "bBdEhiIOPqsSuvVxR", "", "WX", "", " --check-hash-based-pycs ",
                "c", "-m"},
    Interpreter{"perl[0-9.]*", "acfgnpsStTuUvwWX", "0CdDilmMxFV", "I", "", "", "eE", ""},
    Interpreter{"ruby[0-9.]*", "adhlnpsSUvwy", "0FKTWxi", "CEIr", " --verbose --yjit --jit ",
                " --encoding --external-encoding --internal-encoding ", "e", ""},
    Interpreter{"node|nodejs", "i", "", "rC",
                " --inspect --inspect-brk --trace-warnings --no-warnings --expose-gc --enable-source-maps "
                "--preserve-symlinks --watch --trace-deprecation --no-deprecation --use-openssl-ca ",
                " --require --import --loader --experimental-loader --conditions --env-file ", "ep", ""},
    Interpreter{"bash|dash|sh|zsh|ksh|ksh93|mksh", "abefhiklmnprtuvxBCEHPT", "", "oO",
                " --login --noprofile --norc --posix --verbose --restricted --noediting ",
                " --rcfile --init-file ", "cs", ""},
    Interpreter{"fish", "hilnNPv", "", "dDfo", " --login --interactive --no-config --private ", "", "cC", ""},
    Interpreter{"php[0-9.]*|php-cgi[0-9.]*", "aCeHhilmnqsvw", "", "cdtz", "", "", "rBERFS", "-f"},
    Interpreter{"lua[0-9.]*|luajit[0-9.-]*", "ivEW", "", "l", "", "", "e", ""},
};

const Interpreter *interpreterOf(const QString &executable)
{
    const QString name = executable.section(u'/', -1);
    static const auto expressions = [] {
        QList<QRegularExpression> list;
        for (const Interpreter &interpreter : interpreters)
            list.append(QRegularExpression(
                QRegularExpression::anchoredPattern(QString::fromLatin1(interpreter.names))));
        return list;
    }();
    for (size_t i = 0; i < interpreters.size(); ++i) {
        if (expressions[qsizetype(i)].match(name).hasMatch())
            return &interpreters[i];
    }
    return nullptr;
}

bool isJava(const QString &executable)
{
    const QString name = executable.section(u'/', -1);
    return name == "java"_L1 || name == "javaw"_L1;
}

bool holds(const char *list, const QString &word)
{
    return QByteArrayView(list).contains(' ' + word.toLatin1() + ' ');
}

/// Java's own options have one dash and whole words; a class, or with -jar an archive, is what it runs.
std::optional<QString> javaProgram(const QStringList &words)
{
    constexpr auto valued =
        " -cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules "
        "--add-exports --add-opens --add-reads --patch-module --limit-modules ";
    for (qsizetype i = 1; i < words.size(); ++i) {
        const QString &word = words.at(i);
        if (word == "-jar"_L1 || word == "-m"_L1 || word == "--module"_L1)
            return i + 1 < words.size() ? std::optional(words.at(i + 1)) : std::nullopt;
        if (!word.startsWith(u'-'))
            return word.startsWith(u'@') ? std::nullopt : std::optional(word);
        if (holds(valued, word))
            ++i;
    }
    return std::nullopt;
}

std::optional<QString> firstScript(const Interpreter &interpreter, const QStringList &words)
{
    for (qsizetype i = 1; i < words.size(); ++i) {
        const QString &word = words.at(i);
        const auto next = [&] {
            return i + 1 < words.size() ? std::optional(words.at(i + 1)) : std::nullopt;
        };
        if (word == "--"_L1)
            return next();
        if (word == QLatin1StringView(interpreter.module) && !word.isEmpty())
            return next();
        if (word.size() < 2 || !word.startsWith(u'-')) {
            // A lone dash reads the program from standard input; shells take options with a plus, too.
            if (word == "-"_L1 || word.isEmpty() || word.startsWith(u'+'))
                return std::nullopt;
            return word;
        }
        if (word.startsWith("--"_L1)) {
            if (holds(interpreter.longValued, word))
                ++i;
            else if (!word.contains(u'=') && !holds(interpreter.longFlags, word))
                return std::nullopt;
            continue;
        }
        const QByteArrayView flags(interpreter.flags);
        for (qsizetype at = 1; at < word.size(); ++at) {
            const char letter = word.at(at).toLatin1();
            if (QByteArrayView(interpreter.runs).contains(letter))
                return std::nullopt;
            if (QByteArrayView(interpreter.attached).contains(letter))
                break;
            if (QByteArrayView(interpreter.valued).contains(letter)) {
                // Its value is the rest of the word, else the next one.
                if (at + 1 == word.size())
                    ++i;
                break;
            }
            if (letter == '\0' || !flags.contains(letter))
                return std::nullopt;
        }
    }
    return std::nullopt;
}

} // namespace

bool isInterpreter(const QString &executable)
{
    return isJava(executable) || interpreterOf(executable);
}

std::optional<QString> scriptOf(const QString &executable, const QList<QByteArray> &arguments)
{
    QStringList words;
    for (const QByteArray &argument : arguments)
        words.append(QString::fromLocal8Bit(argument));
    if (words.size() < 2)
        return std::nullopt;
    // A login shell's own name begins with a dash.
    const QString ownName = words.first().startsWith(u'-') ? words.first().mid(1) : words.first();
    if (isJava(executable))
        return isJava(ownName) ? javaProgram(words) : std::nullopt;
    const Interpreter *interpreter = interpreterOf(executable);
    if (!interpreter || interpreterOf(ownName) != interpreter)
        return std::nullopt;
    return firstScript(*interpreter, words);
}

} // namespace Nettally
