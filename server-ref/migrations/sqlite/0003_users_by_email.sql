-- E-mail addresses are compared in a way that both databases know.
CREATE UNIQUE INDEX users_by_email ON users (lower(email));
