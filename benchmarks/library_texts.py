"""One short text in three languages, for synthesized speech. It is the project's own."""

ENGLISH = """\
The old library stands at the end of our street, behind two tall chestnut trees. It was built by a merchant who
had no children of his own. Every Saturday morning, my sister and I walked there with a basket full of books.
The woman at the desk knew each of us by name. She asked what we had read, and what we wanted to read next. In
winter the rooms were cold, and we kept our coats on. There was one large map of the world above the fireplace.
We travelled with our fingers from harbor to harbor. Nobody told us to be quiet. Years later, the city wanted to
close the building. Hundreds of people came to the meeting and spoke against the plan. A farmer said that he had
learned to read there when he was forty. The mayor listened for three hours. Then he put the paper back into his
bag. Today the library has new windows and a small garden. Children still sit on the stairs in the afternoon.
The map is still there, although most of the borders have changed. When I visit my mother, I always go in for a
moment. It smells of dust, of apples and of rain. I borrow something that I have already read, and I return it
in the spring.
"""

GERMAN = """\
Die alte Bibliothek steht am Ende unserer Straße, hinter zwei hohen Kastanien. Gebaut hat sie ein Kaufmann, der
selbst keine Kinder hatte. Jeden Samstagmorgen gingen meine Schwester und ich mit einem Korb voller Bücher
dorthin. Die Frau am Schalter kannte jeden von uns beim Namen. Sie fragte, was wir gelesen hatten und was wir
als Nächstes lesen wollten. Im Winter waren die Räume kalt, und wir behielten unsere Mäntel an. Über dem Kamin
hing eine große Karte der Welt. Mit den Fingern reisten wir von Hafen zu Hafen. Niemand sagte uns, dass wir
leise sein sollten. Jahre später wollte die Stadt das Gebäude schließen. Hunderte von Menschen kamen zu der
Versammlung und sprachen gegen den Plan. Ein Bauer sagte, er habe dort mit vierzig Jahren lesen gelernt. Der
Bürgermeister hörte drei Stunden lang zu. Dann steckte er das Papier wieder in seine Tasche. Heute hat die
Bibliothek neue Fenster und einen kleinen Garten. Noch immer sitzen am Nachmittag Kinder auf der Treppe. Die
Karte hängt noch da, obwohl sich die meisten Grenzen geändert haben. Wenn ich meine Mutter besuche, gehe ich
immer für einen Augenblick hinein. Es riecht nach Staub, nach Äpfeln und nach Regen. Ich leihe etwas aus, das
ich schon gelesen habe, und bringe es im Frühling zurück.
"""

SPANISH = """\
La vieja biblioteca está al final de nuestra calle, detrás de dos castaños altos. La construyó un comerciante
que no tenía hijos. Cada sábado por la mañana, mi hermana y yo íbamos allí con una cesta llena de libros. La
mujer del mostrador nos conocía a todos por el nombre. Nos preguntaba qué habíamos leído y qué queríamos leer
después. En invierno las salas estaban frías, y no nos quitábamos los abrigos. Sobre la chimenea había un gran
mapa del mundo. Viajábamos con los dedos de puerto en puerto. Nadie nos decía que guardáramos silencio. Años más
tarde, la ciudad quiso cerrar el edificio. Cientos de personas acudieron a la reunión y hablaron en contra del
plan. Un campesino dijo que había aprendido a leer allí a los cuarenta años. El alcalde escuchó durante tres
horas. Después volvió a guardar el papel en su bolsa. Hoy la biblioteca tiene ventanas nuevas y un pequeño
jardín. Los niños todavía se sientan en la escalera por la tarde. El mapa sigue allí, aunque la mayoría de las
fronteras han cambiado. Cuando visito a mi madre, siempre entro un momento. Huele a polvo, a manzanas y a
lluvia. Me llevo algo que ya he leído y lo devuelvo en primavera.
"""

TEXTS = {"en": ENGLISH, "de": GERMAN, "es": SPANISH}
