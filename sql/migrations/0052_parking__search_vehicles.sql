-- Whether the vehicle that a search names is taken at that time: worked out once, and told with each space and where there is none.
alter type parking.search_terms add attribute vehicle_busy boolean;
alter type parking.found_space add attribute vehicle_busy boolean;
