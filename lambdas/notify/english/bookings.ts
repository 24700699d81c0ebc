import type { Template } from '../templates.ts';

/** What people read of their bookings, and of the reviews after them. */
export const bookings = {
  booking_requested: {
    subject: 'Booking {number} waits for your answer',
    text: 'Somebody would like to book {resource_name} from {starts_at} to {ends_at}. Accept or decline booking {number} in {marketplace}.',
    short: '{marketplace}: {number} asks for {resource_name} from {starts_at}. Please answer.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_request_sent: {
    subject: 'We have asked for booking {number}',
    text: 'Your request for {resource_name} from {starts_at} to {ends_at} has been sent. We tell you as soon as booking {number} is answered.',
    short: '{marketplace}: your request {number} for {resource_name} has been sent.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_confirmed: {
    subject: 'Booking {number} is confirmed',
    text: 'Booking {number} of {resource_name} from {starts_at} to {ends_at} is confirmed.',
    short: '{marketplace}: {number} is confirmed. {resource_name}, {starts_at} to {ends_at}.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_received: {
    subject: 'New booking {number}',
    text: '{resource_name} has been booked from {starts_at} to {ends_at}. The booking is {number}.',
    short: '{marketplace}: {resource_name} is booked, {starts_at} to {ends_at}. {number}',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_cancelled: {
    subject: 'Booking {number} is cancelled',
    text: 'Booking {number} of {resource_name} from {starts_at} to {ends_at} is cancelled.',
    short: '{marketplace}: {number} of {resource_name} from {starts_at} is cancelled.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_expired: {
    subject: 'The request for booking {number} has run out',
    text: 'The request for {resource_name} from {starts_at} to {ends_at} was not answered in time, so booking {number} does not take place.',
    short: '{marketplace}: request {number} for {resource_name} was not answered in time.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_unpaid: {
    subject: 'Booking {number} was not paid in time',
    text: 'Booking {number} of {resource_name} from {starts_at} to {ends_at} was not paid in time, so it does not take place.',
    short: '{marketplace}: {number} of {resource_name} was not paid in time and does not take place.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_moved: {
    subject: 'Booking {number} has another time',
    text: 'Booking {number} of {resource_name} is now from {starts_at} to {ends_at}.',
    short: '{marketplace}: {number} of {resource_name} is now {starts_at} to {ends_at}.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_move_requested: {
    subject: 'Booking {number} is to have another time',
    text: 'The customer of booking {number} of {resource_name}, from {starts_at} to {ends_at}, would like to have it from {wanted_starts_at} to {wanted_ends_at}. Accept or decline that in {marketplace} until {request_expires_at}.',
    short:
      '{marketplace}: {number} is to move to {wanted_starts_at}. Please answer until {request_expires_at}.',
    whatsapp: [
      'number',
      'resource_name',
      'starts_at',
      'ends_at',
      'wanted_starts_at',
      'wanted_ends_at',
      'request_expires_at',
    ],
  },
  booking_move_sent: {
    subject: 'We have asked for another time of booking {number}',
    text: 'Your request to have booking {number} of {resource_name} from {wanted_starts_at} to {wanted_ends_at} has been sent. Until it is answered the booking stays from {starts_at} to {ends_at}.',
    short: '{marketplace}: we have asked for {number} from {wanted_starts_at} to {wanted_ends_at}.',
    whatsapp: ['number', 'resource_name', 'wanted_starts_at', 'wanted_ends_at', 'starts_at', 'ends_at'],
  },
  booking_move_declined: {
    subject: 'Booking {number} keeps its time',
    text: 'Your request to have booking {number} of {resource_name} from {wanted_starts_at} to {wanted_ends_at} was declined. The booking stays from {starts_at} to {ends_at}.',
    short: '{marketplace}: another time of {number} was declined. It stays from {starts_at} to {ends_at}.',
    whatsapp: ['number', 'resource_name', 'wanted_starts_at', 'wanted_ends_at', 'starts_at', 'ends_at'],
  },
  booking_move_withdrawn: {
    subject: 'Booking {number} keeps its time',
    text: 'The customer does not ask any more to have booking {number} of {resource_name} from {wanted_starts_at} to {wanted_ends_at}. It stays from {starts_at} to {ends_at}.',
    short:
      '{marketplace}: no other time is asked for {number} any more. It stays from {starts_at} to {ends_at}.',
    whatsapp: ['number', 'resource_name', 'wanted_starts_at', 'wanted_ends_at', 'starts_at', 'ends_at'],
  },
  booking_move_expired: {
    subject: 'Booking {number} keeps its time',
    text: 'The request to have booking {number} of {resource_name} from {wanted_starts_at} to {wanted_ends_at} was not answered in time. The booking stays from {starts_at} to {ends_at}.',
    short:
      '{marketplace}: another time of {number} was not answered. It stays from {starts_at} to {ends_at}.',
    whatsapp: ['number', 'resource_name', 'wanted_starts_at', 'wanted_ends_at', 'starts_at', 'ends_at'],
  },
  booking_move_ended: {
    subject: 'The request to move booking {number} has ended',
    text: 'The request to have booking {number} of {resource_name} from {wanted_starts_at} to {wanted_ends_at} has ended, since the booking has begun or is over.',
    short: '{marketplace}: the request to move {number} has ended, since it has begun or is over.',
    whatsapp: ['number', 'resource_name', 'wanted_starts_at', 'wanted_ends_at'],
  },
  booking_overstayed: {
    subject: 'Booking {number} has ended',
    text: 'Booking {number} of {resource_name} ended at {ends_at} and has not been completed. Staying longer is charged by the terms of the booking.',
    short: '{marketplace}: {number} of {resource_name} ended at {ends_at}. Staying longer is charged.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  booking_not_arrived: {
    subject: 'Nobody came to booking {number}',
    text: 'Booking {number} of {resource_name} from {starts_at} to {ends_at} has ended, since nobody came in time.',
    short: '{marketplace}: {number} of {resource_name} from {starts_at} has ended: nobody came in time.',
    whatsapp: ['number', 'resource_name', 'starts_at', 'ends_at'],
  },
  navigation_failed: {
    subject: 'Your car does not know the way to {resource_name}',
    text: 'We could not send your Tesla its way to {resource_name}. Booking {number} stays as it is: it shows the address, and what went wrong.',
    short:
      '{marketplace}: we could not send your Tesla its way to {resource_name}. {number} shows the address.',
    whatsapp: ['number', 'resource_name'],
  },
  review_requested: {
    subject: 'How was booking {number}?',
    text: 'Booking {number} of {resource_name} is over. Tell others how it was until {closes_at}: {review_url}',
    short: '{marketplace}: how was {number}? {review_url}',
    whatsapp: ['number', 'resource_name', 'closes_at', 'review_url'],
  },
  review_received: {
    subject: 'You have a new review',
    text: 'Somebody has reviewed you in {marketplace}. Read it there, and answer it if you like.',
    short: '{marketplace}: somebody has reviewed you.',
    whatsapp: [],
  },
} as const satisfies Record<string, Template>;
