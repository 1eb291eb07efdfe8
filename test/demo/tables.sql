-- What a shop would have: things, people, and what people did.
CREATE TABLE film (film_id int PRIMARY KEY, title text, year text, genres text);
CREATE TABLE person (user_id int PRIMARY KEY, age int, gender text, occupation text, zip_code text);
CREATE TABLE rating (user_id int, film_id int, stars float8, seconds float8);
