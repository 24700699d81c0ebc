import { type Fields, type Reply, textOf } from './provider.ts';
import { type Announce, missing, newId, problem, type StripeRequest } from './stripe-answers.ts';
import { type Form, formOf, textIn } from './stripe-form.ts';

type Customer = Record<string, unknown> & { id: string; metadata: Form };
type Method = Record<string, unknown> & { id: string; customer: string | null };
type Setup = Record<string, unknown> & {
  id: string;
  customer: string | null;
  status: string;
  metadata: Form;
};

/** Customers and what they leave for later. At `/_pay {"reference": "seti_…"}` a person gives a card, whose method then is listed. */
export function createMethods(tell: Announce) {
  const customers = new Map<string, Customer>();
  const setups = new Map<string, Setup>();
  const methods = new Map<string, Method>();

  const ok = (body: unknown): Reply => ({ status: 200, body, headers: { 'request-id': newId('req') } });

  function createCustomer(fields: Form): Reply {
    const customer: Customer = {
      id: newId('cus'),
      object: 'customer',
      email: textIn(fields.email),
      name: textIn(fields.name),
      livemode: false,
      metadata: formOf(fields.metadata),
    };
    customers.set(customer.id, customer);
    return ok(customer);
  }

  function deleteCustomer(id: string): Reply {
    if (!customers.delete(id)) return missing('customer', id);
    for (const method of methods.values()) if (method.customer === id) method.customer = null;
    return ok({ id, object: 'customer', deleted: true });
  }

  function createSetup(fields: Form): Reply {
    const customer = textIn(fields.customer);
    if (!customer || !customers.has(customer)) return missing('customer', String(customer));
    const id = newId('seti');
    const setup: Setup = {
      id,
      object: 'setup_intent',
      customer,
      status: 'requires_payment_method',
      usage: textIn(fields.usage),
      client_secret: `${id}_secret_${newId('s').slice(2)}`,
      payment_method: null,
      metadata: formOf(fields.metadata),
    };
    setups.set(id, setup);
    return ok(setup);
  }

  function detach(method: Method): Reply {
    if (method.customer === null)
      return problem(400, {
        message: 'The payment method you provided is not attached to a customer so detachment is impossible.',
      });
    method.customer = null;
    return ok(method);
  }

  function answer({ method, path, fields }: StripeRequest): Reply | undefined {
    const [, , kind, id = '', verb] = path.split('/');
    if (kind === 'customers' && !id) return createCustomer(fields);
    if (kind === 'customers' && method === 'DELETE') return deleteCustomer(id);
    if (kind === 'customers' && verb === 'payment_methods') {
      const data = [...methods.values()].filter(({ customer }) => customer === id).reverse();
      return customers.has(id) ? ok({ object: 'list', has_more: false, data }) : missing('customer', id);
    }
    if (kind === 'setup_intents' && !id) return createSetup(fields);
    if (kind === 'payment_methods') {
      const known = methods.get(id);
      if (!known) return missing('PaymentMethod', id);
      return method === 'POST' && verb === 'detach' ? detach(known) : ok(known);
    }
    return undefined;
  }

  function act({ reference, last4 }: Fields): Reply | undefined {
    const setup = setups.get(textOf(reference) ?? '');
    if (!setup) return undefined;
    const method: Method = {
      id: newId('pm'),
      object: 'payment_method',
      type: 'card',
      card: { brand: 'visa', last4: textOf(last4) ?? '4242', exp_month: 12, exp_year: 2034 },
      customer: setup.customer,
    };
    methods.set(method.id, method);
    Object.assign(setup, { status: 'succeeded', payment_method: method.id });
    tell('setup_intent.succeeded', setup);
    return ok(setup);
  }

  return { answer, act };
}
