// SPDX-License-Identifier: MIT
#include <QImage>
#include <QPainter>
#include <QSvgRenderer>

#include <cstdlib>

/// render IN.svg SIZE OUT.png: the same picture in pixels, for what shows no SVG.
int main(int argc, char **argv)
{
    if (argc != 4)
        return EXIT_FAILURE;
    QSvgRenderer renderer(QString::fromLocal8Bit(argv[1]));
    const int size = std::atoi(argv[2]);
    QImage picture(size, size, QImage::Format_ARGB32_Premultiplied);
    picture.fill(Qt::transparent);
    QPainter painter(&picture);
    renderer.render(&painter);
    painter.end();
    return renderer.isValid() && picture.save(QString::fromLocal8Bit(argv[3]), "PNG") ? EXIT_SUCCESS
                                                                                      : EXIT_FAILURE;
}
